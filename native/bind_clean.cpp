#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <mutex>
#include <string>
#include <utility>

#include "arrow.hpp"
#include "clean.hpp"

namespace jocas {

namespace {

// The memory of texts that nobody holds any more, for the next ones: what is fresh the system has
// to clear first, which takes as long as cleaning the texts.
class SpareRoom {
 public:
  static SpareRoom& get() {
    static auto* only = new SpareRoom;  // never deleted: arrays may outlive all else
    return *only;
  }

  std::string take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(room_, {});
  }

  void give(std::string& room) noexcept {
    const std::lock_guard lock(mutex_);
    if (room.capacity() <= kMost && room.capacity() > room_.capacity()) room_.swap(room);
  }

 private:
  static constexpr std::size_t kMost = std::size_t{1} << 25;

  std::mutex mutex_;
  std::string room_;
};

void give_up(std::string& room) noexcept { SpareRoom::get().give(room); }

// The texts of the offers, and the rows that Python has to do.
auto assemble(const Cleaner& cleaner, const std::vector<std::optional<nb::object>>& columns,
              std::size_t n_rows, bool full_else_parts) {
  std::vector<HeldTexts> held;
  held.reserve(columns.size());
  std::vector<std::optional<TextColumn>> texts;
  for (const auto& column : columns) {
    texts.push_back(column ? std::optional(held.emplace_back(*column).view()) : std::nullopt);
  }
  AssembledTexts assembled;
  {
    nb::gil_scoped_release released;
    assembled = cleaner.assemble(texts, n_rows,
                                 full_else_parts ? Assembly::kFullElseParts : Assembly::kJoin,
                                 SpareRoom::get().take());
  }
  return nb::make_tuple(to_numpy(std::move(assembled.texts.offsets)),
                        to_numpy<std::string, give_up>(std::move(assembled.texts.bytes)),
                        to_numpy(std::move(assembled.unsure)));
}

}  // namespace

void bind_clean(nb::module_& m) {
  nb::class_<Cleaner>(m, "Cleaner")
      .def("__init__",
           [](Cleaner* self, std::map<std::uint32_t, std::string> characters,
              std::map<std::string, std::string, std::less<>> entities,
              std::vector<std::string> numbers, std::vector<std::string> block_tags,
              std::vector<std::string> inline_tags, std::vector<std::string> hidden_tags,
              std::vector<std::string> missing) {
             new (self) Cleaner(CleaningTables{std::move(characters), std::move(entities),
                                               std::move(numbers), std::move(block_tags),
                                               std::move(inline_tags), std::move(hidden_tags),
                                               std::move(missing)});
           },
           nb::kw_only(), nb::arg("characters"), nb::arg("entities"), nb::arg("numbers"),
           nb::arg("block_tags"), nb::arg("inline_tags"), nb::arg("hidden_tags"),
           nb::arg("missing"))
      .def("assemble", &assemble, nb::arg("columns"), nb::arg("n_rows"),
           nb::arg("full_else_parts"));
}

}  // namespace jocas
