#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "arrow.hpp"
#include "trees.hpp"

namespace jocas {

namespace {

// The margins of a CSR matrix and its scores, row by row.
auto predict(const Forest& forest, Array<std::int64_t> starts, Array<std::int32_t> columns,
             Array<double> values, Array<double> scores) {
  const std::size_t n_rows = starts.size() == 0 ? 0 : starts.size() - 1;
  const std::size_t n_scores = forest.n_themes() * forest.n_scores();
  bool fits = values.size() == columns.size() && scores.size() == n_rows * n_scores;
  std::int64_t end = 0;
  for (std::size_t row = 0; row < starts.size(); ++row) {
    fits = fits && starts.data()[row] >= end;
    end = starts.data()[row];
  }
  if (!fits || static_cast<std::size_t>(end) > columns.size()) {
    throw nb::value_error("the starts, columns, values and scores must fit each other");
  }
  std::vector<float> margins(n_rows * forest.n_themes());
  {
    nb::gil_scoped_release released;
    Forest::Scratch scratch(forest);
    for (std::size_t row = 0; row < n_rows; ++row) {
      const auto start = static_cast<std::size_t>(starts.data()[row]);
      const auto next = static_cast<std::size_t>(starts.data()[row + 1]);
      forest.predict(columns.data() + start, values.data() + start, next - start,
                     scores.data() + row * n_scores, scratch,
                     margins.data() + row * forest.n_themes());
    }
  }
  return to_numpy(std::move(margins));
}

}  // namespace

void bind_trees(nb::module_& m) {
  nb::class_<Forest>(m, "Forest")
      .def("__init__",
           [](Forest* self, std::size_t n_scores, std::size_t n_columns, Array<float> base_margins,
              Array<std::int64_t> theme_starts, Array<std::int64_t> tree_starts,
              Array<std::int32_t> left, Array<std::int64_t> feature, Array<float> value,
              Array<std::uint8_t> default_left) {
             new (self) Forest(ForestArrays{
                 n_scores, n_columns, to_vector(base_margins), to_vector(theme_starts),
                 to_vector(tree_starts), to_vector(left), to_vector(feature), to_vector(value),
                 to_vector(default_left)});
           },
           nb::arg("n_scores"), nb::arg("n_columns"), nb::arg("base_margins"),
           nb::arg("theme_starts"), nb::arg("tree_starts"), nb::arg("left"), nb::arg("feature"),
           nb::arg("value"), nb::arg("default_left"))
      .def("predict", &predict, nb::arg("starts"), nb::arg("columns"), nb::arg("values"),
           nb::arg("scores"));
}

}  // namespace jocas
