// Arrow's arrays of texts to and from Python, by the Arrow C data interface.
// https://arrow.apache.org/docs/format/CDataInterface.html
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "texts.hpp"
#include "unicode.hpp"

extern "C" {
struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};
}

namespace jocas {

namespace nb = nanobind;

// A column of texts that Python holds. Invariant: it keeps the capsules, and with them the
// buffers, alive as long as it lives.
class HeldTexts {
 public:
  explicit HeldTexts(nb::handle array) : capsules_(nb::cast<nb::tuple>(array.attr("__arrow_c_array__")())) {
    const auto* schema = get<ArrowSchema>(0, "arrow_schema");
    array_ = get<ArrowArray>(1, "arrow_array");
    wide_ = std::strcmp(schema->format, "U") == 0;
    if (!wide_ && std::strcmp(schema->format, "u") != 0) {
      throw nb::type_error("texts must be an Arrow array of type string or large_string");
    }
  }

  TextColumn view() const {
    static const std::int64_t kEmpty[] = {0};  // Arrow may leave out the buffers of no rows
    const void* offsets = array_->buffers[1];
    const bool wide = wide_ || offsets == nullptr;
    return TextColumn(wide ? nullptr : static_cast<const std::int32_t*>(offsets),
                      wide ? static_cast<const std::int64_t*>(offsets ? offsets : kEmpty) : nullptr,
                      static_cast<const char*>(array_->buffers[2]),
                      static_cast<const std::uint8_t*>(array_->buffers[0]), array_->offset,
                      array_->length);
  }

 private:
  template <class T>
  const T* get(std::size_t place, const char* name) const {
    void* found = PyCapsule_GetPointer(nb::object(capsules_[place]).ptr(), name);
    if (found == nullptr) throw nb::python_error();
    return static_cast<const T*>(found);
  }

  nb::tuple capsules_;
  const ArrowArray* array_ = nullptr;
  bool wide_ = false;
};

// An array of numbers that Python lends for the time of a call.
template <class T>
using Array = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

template <class T>
std::vector<T> to_vector(const Array<T>& array) {
  return {array.data(), array.data() + array.size()};
}

// Have Python make a page of a table of classes, when a text first holds one of its code points.
inline ClassTable::Page make_class_page(const nb::callable& make, std::uint32_t number) {
  const nb::gil_scoped_acquire held;
  const auto made = nb::cast<nb::bytes>(make(number));
  ClassTable::Page page;
  if (made.size() != page.size()) throw nb::value_error("a page holds 256 bytes");
  std::copy_n(static_cast<const std::uint8_t*>(made.data()), page.size(), page.begin());
  return page;
}

// What becomes of a container that NumPy held: nothing more.
template <class Container>
void forget(Container&) noexcept {}

// Hand a container's memory over to a NumPy array of one dimension; `kLast` sees it last.
template <class Container, void (*kLast)(Container&) noexcept = forget<Container>>
auto to_numpy(Container&& values) {
  using Value = typename Container::value_type;
  using Item = std::conditional_t<std::is_same_v<Value, char>, std::uint8_t, Value>;
  auto* kept = new Container(std::move(values));
  nb::capsule owner(kept, [](void* held) noexcept {
    kLast(*static_cast<Container*>(held));
    delete static_cast<Container*>(held);
  });
  return nb::ndarray<nb::numpy, Item, nb::ndim<1>>(reinterpret_cast<Item*>(kept->data()),
                                                   {kept->size()}, owner);
}

}  // namespace jocas
