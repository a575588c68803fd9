#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <tuple>

#include "arrow.hpp"
#include "patterns.hpp"

namespace jocas {

namespace {

using Instructions =
    std::vector<std::tuple<std::int32_t, std::int32_t, std::int32_t, std::int32_t>>;
using Sets = std::vector<
    std::tuple<bool, std::uint8_t, std::vector<std::pair<std::uint32_t, std::uint32_t>>>>;
using Starts = std::vector<std::pair<std::int32_t, std::vector<std::uint32_t>>>;
using Counts = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
using Clauses = std::vector<std::vector<std::pair<nb::bytes, std::size_t>>>;

Program build_program(const Instructions& instructions, const Sets& sets, nb::callable make) {
  std::vector<Instruction> code;
  for (const auto& [op, a, b, c] : instructions) code.push_back({static_cast<Op>(op), a, b, c});
  std::vector<CharacterSet> built;
  for (const auto& [negated, categories, ranges] : sets) {
    built.push_back({negated, categories, {ranges.begin(), ranges.end()}});
  }
  auto classes = std::make_shared<const ClassTable>(
      [make = std::move(make)](std::uint32_t number) { return make_class_page(make, number); });
  return Program(std::move(code), built, std::move(classes));
}

void build_patterns(Patterns* place, const Instructions& instructions, const Sets& sets,
                    const Starts& starts, const Counts& counts, const Clauses& clauses,
                    nb::callable make_class_page) {
  std::vector<Pattern> patterns;
  for (const auto& [start, needed] : starts) patterns.push_back({start, needed});
  std::vector<PatternCounts> themes;
  for (const auto& [present, not_enough] : counts) themes.push_back({present, not_enough});
  std::vector<std::vector<ClauseLiteral>> literals;
  for (const auto& clause : clauses) {
    auto& texts = literals.emplace_back();
    for (const auto& [text, window] : clause) {
      texts.push_back({std::string(text.c_str(), text.size()), window});
    }
  }
  new (place) Patterns(build_program(instructions, sets, std::move(make_class_page)),
                       std::move(patterns), themes, literals);
}

nb::tuple find(const Patterns& patterns, const nb::handle& sentences) {
  const HeldTexts held(sentences);
  const TextColumn texts = held.view();
  std::vector<std::uint64_t> masks(texts.size());
  std::vector<std::uint8_t> is_unsure(texts.size());
  {
    const nb::gil_scoped_release released;
    Patterns::Scratch scratch;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto found = patterns.find(texts[i], scratch);
      masks[i] = found.value_or(0);
      is_unsure[i] = !found.has_value();
    }
  }
  return nb::make_tuple(to_numpy(std::move(masks)), to_numpy(std::move(is_unsure)));
}

}  // namespace

void bind_patterns(nb::module_& m) {
  nb::class_<Patterns>(m, "Patterns")
      .def("__init__", &build_patterns, nb::arg("instructions"), nb::arg("sets"),
           nb::arg("patterns"), nb::arg("themes"), nb::arg("clauses"), nb::arg("make_class_page"))
      .def("find", &find, nb::arg("sentences"),
           "Return a mask of themes for each sentence, and whether Python must say instead.");
}

}  // namespace jocas
