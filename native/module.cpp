// The extension module jocas_themes._kernel: what each unit binds, and nothing of its own.
#include <nanobind/nanobind.h>

namespace jocas {

void bind_clean(nanobind::module_& m);
void bind_patterns(nanobind::module_& m);
void bind_student(nanobind::module_& m);
void bind_trees(nanobind::module_& m);

}  // namespace jocas

NB_MODULE(_kernel, m) {
  nanobind::set_leak_warnings(false);  // what Python's caches hold when a process ends is no leak
  m.doc() = "The native kernel of jocas_themes: private, may change with any version.";
  m.attr("SANITIZED") = JOCAS_SANITIZED != 0;
  jocas::bind_clean(m);
  jocas::bind_patterns(m);
  jocas::bind_student(m);
  jocas::bind_trees(m);
}
