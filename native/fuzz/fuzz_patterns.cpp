// A small lexicon of all operations: whatever the bytes, the search stays inside them, says the
// same again, and says nothing only of what is not UTF-8, or takes too many steps.
#include <cstdint>
#include <memory>
#include <string_view>

#include "patterns.hpp"
#include "require.hpp"
#include "tables.hpp"

namespace {

// As _patterns.py writes them, for the themes:
// 0. (?:ab|a)+?[^\n]{0,9}\d$ and (?<=a )\d*(?!-)\b., where c(?:ab)* is not enough;
// 1. eur\w{2,}?(?<!x(?=y)), with its literal.
jocas::Patterns build_patterns() {
  using jocas::Op;
  enum Set : std::int32_t {
    kA, kB, kC, kSpace, kDigits, kDash, kNoBreak, kX, kY, kWords, kE, kU, kR,
  };
  const auto one = [](char32_t c) { return jocas::CharacterSet{false, 0, {{c, c}}}; };
  const std::vector<jocas::CharacterSet> sets{
      one('a'), one('b'), one('c'), one(' '), {false, jocas::kInDigits, {}}, one('-'),
      {true, 0, {{'\n', '\n'}}}, one('x'), one('y'), {false, jocas::kInWord, {}}, one('e'),
      one('u'), one('r')};
  std::vector<jocas::Instruction> code{
      // 0: (?:ab|a)+?[^\n]{0,9}\d$
      {Op::kSplit, 1, 4, 0}, {Op::kSet, kA, 0, 0}, {Op::kSet, kB, 0, 0}, {Op::kJump, 5, 0, 0},
      {Op::kSet, kA, 0, 0}, {Op::kSplit, 6, 0, 0}, {Op::kRepeat, kNoBreak, 0, 9},
      {Op::kSet, kDigits, 0, 0}, {Op::kAt, 2, 0, 0}, {Op::kPeek, kWords, 0, 1},
      {Op::kMatch, 0, 0, 0},
      // 11: (?<=a )\d*(?!-)\b.
      {Op::kLook, 15, 2, 0}, {Op::kSet, kA, 0, 0}, {Op::kSet, kSpace, 0, 0}, {Op::kMatch, 0, 0, 0},
      {Op::kRepeat, kDigits, 0, 0x7FFFFFFF}, {Op::kPeek, kDash, 0, 1}, {Op::kAt, 3, 0, 0},
      {Op::kSet, kNoBreak, 0, 0}, {Op::kPeek, kWords, 0, 1}, {Op::kMatch, 0, 0, 0},
      // 21: c(?:ab)*
      {Op::kSet, kC, 0, 0}, {Op::kSplit, 23, 26, 0}, {Op::kSet, kA, 0, 0}, {Op::kSet, kB, 0, 0},
      {Op::kJump, 22, 0, 0}, {Op::kPeek, kWords, 0, 1}, {Op::kMatch, 0, 0, 0},
      // 28: eur\w{2,}?(?<!x(?=y))
      {Op::kSet, kE, 0, 0}, {Op::kSet, kU, 0, 0}, {Op::kSet, kR, 0, 0},
      {Op::kLazyRepeat, kWords, 2, 0x7FFFFFFF}, {Op::kLook, 37, 1, 1}, {Op::kSet, kX, 0, 0},
      {Op::kPeek, kY, 0, 0}, {Op::kMatch, 0, 0, 0}, {Op::kMatch, 0, 0, 0},
      {Op::kPeek, kWords, 0, 1}, {Op::kMatch, 0, 0, 0}};
  jocas::Program program(std::move(code), sets,
                         std::make_shared<const jocas::ClassTable>(jocas::make_class_page));
  return jocas::Patterns(std::move(program), {{0, {}}, {11, {}}, {21, {}}, {28, {0}}},
                         {{2, 1}, {1, 0}}, {{{"eur", 0}, {"beurre", 1}}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const jocas::Patterns patterns = build_patterns();
  static jocas::Patterns::Scratch used;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto found = patterns.find(text, used);
  jocas::Patterns::Scratch fresh;
  jocas::require(patterns.find(text, fresh) == found);
  jocas::require(!found || *found < 4);
  jocas::require(jocas::is_valid_utf8(text) || !found);
  const bool has_literal = text.find("eur") != std::string_view::npos;
  jocas::require(!found || has_literal || (*found & 2) == 0);
  return 0;
}
