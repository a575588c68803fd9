// Any bytes through a whole student, twice: what it remembers of other texts changes nothing.
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "require.hpp"
#include "student.hpp"
#include "tables.hpp"

namespace {

constexpr std::size_t kThemes = 2;

jocas::Vocabulary make_vocabulary(const std::vector<std::string>& runs) {
  jocas::TextBuilder built;
  for (const std::string& run : runs) {
    built.bytes += run;
    built.end_row();
  }
  return jocas::Vocabulary(jocas::TextColumn(nullptr, built.offsets.data(), built.bytes.data(), nullptr,
                                             0, static_cast<std::int64_t>(runs.size())));
}

// "ab" and more letters for the first theme; what begins with "cd" alone for the second.
std::shared_ptr<const jocas::Patterns> make_patterns() {
  using jocas::Op;
  const auto set = [](char32_t c) { return jocas::CharacterSet{false, 0, {{c, c}}}; };
  const std::vector<jocas::CharacterSet> sets{
      set('a'), set('b'), set('c'), set('d'), {false, jocas::kInWord, {}}};
  std::vector<jocas::Instruction> code{
      {Op::kSet, 0, 0, 0}, {Op::kSet, 1, 0, 0}, {Op::kRepeat, 4, 0, 100},
      {Op::kPeek, 4, 0, 1}, {Op::kMatch, 0, 0, 0},
      {Op::kSet, 2, 0, 0}, {Op::kSet, 3, 0, 0}, {Op::kPeek, 4, 0, 1}, {Op::kMatch, 0, 0, 0}};
  jocas::Program program(std::move(code), sets,
                         std::make_shared<const jocas::ClassTable>(jocas::make_class_page));
  return std::make_shared<const jocas::Patterns>(
      std::move(program), std::vector<jocas::Pattern>{{0, {}}, {5, {}}},
      std::vector<jocas::PatternCounts>{{1, 0}, {1, 0}},
      std::vector<std::vector<jocas::ClauseLiteral>>{});
}

jocas::SentenceWeights make_weights() {
  jocas::SentenceWeights weights{make_vocabulary({"ab", "cd", "ab cd"}), 2, jocas::WordTable(), 2, 4,
                                 {1, -2, 3, -4, 5, -6}, {}, {0.25, 0, 0, -0.25}, {0.5, -0.5}};
  for (const char* piece : {" a", "ab", "b c", "\xC3\xA9 ", "cde"}) weights.pieces.add(piece);
  weights.piece_terms.assign(weights.pieces.size() * kThemes, 1 << 20);
  return weights;
}

// A tree a theme: its first score is below 0, or its first column is there.
std::shared_ptr<const jocas::Forest> make_forest(std::size_t n_scores, std::size_t n_columns) {
  jocas::ForestArrays arrays;
  arrays.n_scores = n_scores;
  arrays.n_columns = n_columns;
  arrays.base_margins = {0.0f, 0.0f};
  arrays.theme_starts = {0, 1, 2};
  arrays.tree_starts = {0, 3, 6};
  arrays.left = {1, -1, -1, 1, -1, -1};
  arrays.feature = {0, 0, 0, static_cast<std::int64_t>(n_scores), 0, 0};
  arrays.value = {0.0f, -1.0f, 1.0f, 0.5f, -1.0f, 1.0f};
  arrays.default_left = {1, 0, 0, 0, 0, 0};
  return std::make_shared<const jocas::Forest>(arrays);
}

jocas::Student make_student() {
  constexpr std::size_t kScores = 5;
  const std::vector<std::string> runs{"ab", "ab cd", "cd", "e1", "\xC3\xA9t\xC3\xA9"};
  jocas::StudentParts parts;
  parts.fold_words = jocas::make_fold_table(" ");
  parts.fold_sentences = jocas::make_fold_table("");
  parts.classes = std::make_unique<jocas::ClassTable>(jocas::make_class_page);
  parts.tfidf.emplace(jocas::Tokeniser(*parts.fold_words), make_vocabulary(runs),
                      std::vector<double>(runs.size(), 1.5), std::vector<double>{1, 1, 1.7, 2.1}, 1, 2);
  parts.text = {std::vector<std::int32_t>(runs.size() * kThemes, 1 << 18), {0.1, -0.1}};
  parts.patterns = make_patterns();
  parts.sentences.emplace(*parts.fold_sentences, *parts.classes, kThemes, make_weights(),
                          parts.patterns);
  parts.pooling = {1.5, 30, {0, 0.7, 1.1, 1.4}};
  parts.forest = make_forest(kScores, runs.size());
  parts.lines.assign(kThemes, {false, 0.1, std::vector<double>(kScores, 0.2)});
  parts.has_scores = true;
  return jocas::Student(std::move(parts));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const jocas::Student student = make_student();
  constexpr jocas::Student::Memory kMemory{16, 16, 16};
  static jocas::Student::Scratch used(student, kMemory);
  jocas::Student::Scratch fresh(student, kMemory);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  double first[kThemes] = {}, second[kThemes] = {};
  const bool is_sure = student.predict(text, nullptr, 0, used, first);
  jocas::require(student.predict(text, nullptr, 0, fresh, second) == is_sure);
  jocas::require(std::memcmp(first, second, sizeof first) == 0);
  return 0;
}
