// Offers cut into sentences, and the scores of these: sums over words and runs of words, over
// pieces of words, and over what a lexicon finds.
//
// Invariant: sums are of whole numbers, in units of 2 ** -26, so that they are exact in any order
// and equal to Python's; a score is made of them by the same few roundings.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hashing.hpp"
#include "patterns.hpp"
#include "unicode.hpp"
#include "vocabulary.hpp"

namespace jocas {

// Cut a well-formed text into sentences, of three code points or more, without the white space
// around them; one empty sentence where there is none.
void split_sentences(std::string_view text, std::vector<std::string_view>& sentences);

// What runs of words, pieces of words and findings add to the scores of a sentence.
struct SentenceWeights {
  Vocabulary runs;
  std::size_t max_run;
  WordTable pieces;  // of tokens with a space on either side
  std::size_t min_piece, max_piece;  // their lengths, in code points
  std::vector<std::int32_t> run_terms, piece_terms;  // [column][theme], in units of 2 ** -26
  std::vector<double> finding_terms;  // [theme found][theme]; empty without a lexicon
  std::vector<double> intercepts;     // [theme]
};

class Sentences {
 public:
  // What one thread needs to work, and remembers.
  struct Scratch {
    Scratch(const Sentences& sentences, std::size_t n_sentences, std::size_t n_tokens);

    std::string folded, padded;
    std::vector<std::uint32_t> ends;  // of the code points of `padded`
    Vocabulary::Scratch runs;
    std::vector<WordTable::Query> queries;
    std::vector<std::int32_t> columns;
    std::vector<std::string_view> tokens;
    std::vector<Key128> token_keys;
    std::vector<std::int64_t> sums;
    Patterns::Scratch patterns;
    BoundedCache known_sentences, known_tokens;
    std::vector<double> scores;            // [place][theme]
    std::vector<std::uint64_t> found;      // [place], a bit a theme
    std::vector<std::int64_t> token_sums;  // [place][theme]
  };

  struct Result {
    const double* scores;  // [theme]; null where sentences are not scored
    std::uint64_t found;   // a bit a theme
  };

  Sentences(const FoldTable& fold, const ClassTable& classes, std::size_t n_themes,
            std::optional<SentenceWeights> weights, std::shared_ptr<const Patterns> patterns);

  // Judge a sentence as it stands in the text; nothing where Python must. The scores are there
  // until the next call.
  std::optional<Result> judge(std::string_view sentence, Scratch& scratch) const;

  std::size_t n_themes() const { return n_themes_; }
  bool has_scores() const { return weights_.has_value(); }

 private:
  // Write a sentence folded, its tokens parted by single spaces; false if it is ill-formed.
  bool fold(std::string_view sentence, std::string& folded) const;
  void find_runs(Scratch& scratch) const;
  void add_runs(Scratch& scratch) const;
  std::size_t add_pieces(Scratch& scratch) const;
  void find_pieces(std::string_view token, Scratch& scratch) const;
  void weigh_token(std::string_view token, std::int64_t* sums, Scratch& scratch) const;
  void score(Scratch& scratch, std::uint64_t found, double* scores) const;

  const FoldTable& fold_;
  const ClassTable& classes_;
  std::size_t n_themes_;
  std::optional<SentenceWeights> weights_;
  std::shared_ptr<const Patterns> patterns_;  // null without a lexicon
  std::array<std::int16_t, 128> ascii_{};     // -1 for what is dropped
  std::array<bool, 128> ascii_word_{};
};

}  // namespace jocas
