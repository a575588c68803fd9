// The TF-IDF of a text, as scikit-learn's TfidfVectorizer computes it, to the last bit.
//
// Invariant: counts are all zero, and nothing is marked, between two texts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "marks.hpp"
#include "tokens.hpp"
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
        : counts(tfidf.size()), counted(tfidf.size()) {}

    Tokeniser::Scratch text;
    Vocabulary::Scratch runs;
    std::vector<std::uint32_t> counts;
    Marks counted;  // the columns whose count is not 0
  };

  // `log_counts[n]` is what a count of n weighs.
  TfIdf(Tokeniser tokeniser, Vocabulary vocabulary, std::vector<double> idf,
        std::vector<double> log_counts, std::size_t min_n, std::size_t max_n);

  std::size_t size() const { return vocabulary_.size(); }

  // Compute a text's row. False where Python must: words that cannot be cut here, or a word that
  // comes too often.
  bool transform(std::string_view text, Scratch& scratch, SparseRow& row) const;

  const Tokeniser& tokeniser() const { return tokeniser_; }

 private:
  void count(Scratch& scratch) const;
  bool weigh(Scratch& scratch, SparseRow& row) const;

  Tokeniser tokeniser_;
  Vocabulary vocabulary_;
  std::vector<double> idf_, log_counts_;
  std::size_t min_n_, max_n_;
};

}  // namespace jocas
