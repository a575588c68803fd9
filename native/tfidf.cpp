#include "tfidf.hpp"

#include <cmath>
#include <stdexcept>
#include <utility>

namespace jocas {

TfIdf::TfIdf(Tokeniser tokeniser, Vocabulary vocabulary, std::vector<double> idf,
             std::vector<double> log_counts, std::size_t min_n, std::size_t max_n)
    : tokeniser_(std::move(tokeniser)), vocabulary_(std::move(vocabulary)), idf_(std::move(idf)),
      log_counts_(std::move(log_counts)), min_n_(min_n), max_n_(max_n) {
  if (idf_.size() != vocabulary_.size()) throw std::invalid_argument("one idf a column is needed");
}

bool TfIdf::transform(std::string_view text, Scratch& scratch, SparseRow& row) const {
  row.clear();
  if (!tokeniser_.cut(text, scratch.text)) return false;
  count(scratch);
  return weigh(scratch, row);
}

void TfIdf::count(Scratch& scratch) const {
  const std::vector<Token>& tokens = scratch.text.tokens;
  scratch.runs.queries.resize(tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    scratch.runs.queries[i] = WordTable::ask_padded(scratch.text.word_at(tokens[i]));
  }
  vocabulary_.find_runs(min_n_, max_n_, scratch.runs);
  for (const std::int32_t column : scratch.runs.columns) {
    const auto place = static_cast<std::size_t>(column);
    ++scratch.counts[place];
    scratch.counted.add(place);
  }
}

bool TfIdf::weigh(Scratch& scratch, SparseRow& row) const {
  bool known = true;
  scratch.counted.take_all(scratch.runs.columns.size(), row.columns);
  for (const std::int32_t column : row.columns) prefetch(&idf_[static_cast<std::size_t>(column)]);
  row.values.resize(row.columns.size());
  double sum = 0;  // of squares, in the order of the columns, as scikit-learn adds them
  for (std::size_t i = 0; i < row.columns.size(); ++i) {
    const auto column = static_cast<std::size_t>(row.columns[i]);
    const std::uint32_t n = std::exchange(scratch.counts[column], 0);
    if (n >= log_counts_.size()) {
      known = false;
      continue;
    }
    const double value = log_counts_[n] * idf_[column];
    sum += value * value;
    row.values[i] = value;
  }
  const double norm = std::sqrt(sum);
  if (!std::isfinite(norm)) return false;
  if (norm != 0) {
    for (double& value : row.values) value /= norm;
  }
  return known;
}

}  // namespace jocas
