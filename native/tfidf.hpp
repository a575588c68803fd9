// The TF-IDF of a text, as scikit-learn's TfidfVectorizer computes it, to the last bit.
//
// Invariant: counts and marks are all zero between two texts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "unicode.hpp"
#include "vocabulary.hpp"

namespace jocas {

// The non-zero columns of a row, in increasing order, and their values.
struct SparseRow {
  std::vector<std::int32_t> columns;
  std::vector<double> values;

  void clear() {
    columns.clear();
    values.clear();
  }
};

class TfIdf {
 public:
  // What one thread needs to work.
  struct Scratch {
    explicit Scratch(const TfIdf& tfidf)
        : counts(tfidf.size()), marks((tfidf.size() + 63) / 64) {}

    std::string folded;
    struct Token {
      std::uint32_t start, size;
    };
    std::vector<Token> tokens;
    std::vector<WordTable::Query> queries;
    std::vector<std::int32_t> words;
    Vocabulary::Pending pending;
    std::vector<std::uint32_t> counts;
    std::vector<std::uint64_t> marks;  // a bit for each column that is counted
  };

  // `fold` replaces each code point by word characters, and by a space what parts words;
  // `log_counts[n]` is what a count of n weighs.
  TfIdf(const FoldTable& fold, Vocabulary vocabulary, std::vector<double> idf,
        std::vector<double> log_counts, std::size_t min_n, std::size_t max_n);

  std::size_t size() const { return vocabulary_.size(); }

  // Compute a text's row. False where Python must: ill-formed text, a capital sigma (the one
  // letter whose lower case depends on its neighbours), or a word that comes too often.
  bool transform(std::string_view text, Scratch& scratch, SparseRow& row) const;

  // The folded text's words alone, for measurements.
  bool tokenise(std::string_view text, Scratch& scratch) const;

 private:
  void count(Scratch& scratch) const;
  bool weigh(Scratch& scratch, SparseRow& row) const;

  const FoldTable& fold_;
  Vocabulary vocabulary_;
  std::vector<double> idf_, log_counts_;
  std::size_t min_n_, max_n_;
  // What the code points below 0x800 fold to where that is one ASCII character, a space for what
  // parts words; 0 for all others. In French these are nearly all there are.
  static constexpr char32_t kNear = 0x800;
  std::array<char, kNear> near_{};
};

}  // namespace jocas
