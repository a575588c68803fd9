#include "tfidf.hpp"

#include <cmath>
#include <stdexcept>
#include <utility>

namespace jocas {

namespace {

constexpr char32_t kCapitalSigma = 0x3A3;
// No offer is as long; the memory for one that is would be kept.
constexpr std::size_t kLongest = std::size_t{1} << 20;

int count_trailing_zeros(std::uint64_t bits) {
#if defined(__GNUC__) || defined(__clang__)
  return __builtin_ctzll(bits);
#else
  int n = 0;
  for (; (bits & 1) == 0; bits >>= 1) ++n;
  return n;
#endif
}

}  // namespace

TfIdf::TfIdf(const FoldTable& fold, Vocabulary vocabulary, std::vector<double> idf,
             std::vector<double> log_counts, std::size_t min_n, std::size_t max_n)
    : fold_(fold), vocabulary_(std::move(vocabulary)), idf_(std::move(idf)),
      log_counts_(std::move(log_counts)), min_n_(min_n), max_n_(max_n) {
  if (idf_.size() != vocabulary_.size()) throw std::invalid_argument("one idf a column is needed");
  for (char32_t c = 0; c < kNear; ++c) {
    const std::string_view folded = fold_[c];
    const bool is_ascii = folded.size() == 1 && static_cast<unsigned char>(folded[0]) < 0x80;
    if (c < 0x80 && !is_ascii) throw std::invalid_argument("ASCII folds to ASCII");
    near_[c] = is_ascii && c != kCapitalSigma ? folded[0] : '\0';
  }
}

bool TfIdf::tokenise(std::string_view text, Scratch& scratch) const {
  if (text.size() > kLongest) return false;
  scratch.tokens.clear();
  // Room for all that is left, if it is ASCII, and for the padding of the last word.
  if (scratch.folded.size() < text.size() + kPadding) scratch.folded.resize(text.size() + kPadding);
  char* folded = scratch.folded.data();
  std::size_t start = 0, end = 0, n_continued = 0;
  const auto end_word = [&] {
    const std::size_t size = end - start;
    if (size - n_continued >= 2) {
      scratch.tokens.push_back({static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(size)});
      start = end;
    } else {
      end = start;  // a word has two code points
    }
    n_continued = 0;
  };
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    char32_t value = byte;
    std::size_t size = 1;
    if (byte >= 0xC2 && byte < 0xE0 && i + 1 < text.size() && is_continuation(text[i + 1])) {
      value = (byte & 0x1Fu) << 6 | (static_cast<unsigned char>(text[i + 1]) & 0x3Fu);
      size = 2;
    }
    if (const char c = size == 2 || byte < 0x80 ? near_[value] : '\0') {
      i += size;
      if (c == ' ') {
        end_word();
      } else {
        folded[end++] = c;
      }
      continue;
    }
    const CodePoint point = decode(text, i);
    if (point.size == 0 || point.value == kCapitalSigma) return false;
    i += point.size;
    const std::string_view replaced = fold_[point.value];
    const std::size_t needed = end + replaced.size() + (text.size() - i) + kPadding;
    if (scratch.folded.size() < needed) {
      scratch.folded.resize(2 * needed);
      folded = scratch.folded.data();
    }
    for (const char c : replaced) {
      if (c == ' ') {
        end_word();
      } else {
        folded[end++] = c;
        n_continued += is_continuation(c);
      }
    }
  }
  end_word();
  return true;
}

bool TfIdf::transform(std::string_view text, Scratch& scratch, SparseRow& row) const {
  row.clear();
  if (!tokenise(text, scratch)) return false;
  count(scratch);
  return weigh(scratch, row);
}

void TfIdf::count(Scratch& scratch) const {
  const WordTable& known = vocabulary_.words();
  const auto& tokens = scratch.tokens;
  scratch.queries.clear();
  // In passes, so that the misses of the processor's cache overlap.
  for (const Scratch::Token& token : tokens) {
    scratch.queries.push_back(WordTable::ask_padded({scratch.folded.data() + token.start, token.size}));
    known.prefetch_slot(scratch.queries.back());
  }
  for (const WordTable::Query& query : scratch.queries) known.prefetch_word(query);
  scratch.words.clear();
  for (const WordTable::Query& query : scratch.queries) scratch.words.push_back(known.find(query));
  vocabulary_.visit_runs(scratch.words, min_n_, max_n_, scratch.pending, [&](std::int32_t column) {
    const auto place = static_cast<std::size_t>(column);
    ++scratch.counts[place];
    scratch.marks[place / 64] |= std::uint64_t{1} << (place % 64);
  });
}

bool TfIdf::weigh(Scratch& scratch, SparseRow& row) const {
  bool known = true;
  for (std::size_t group = 0; group < scratch.marks.size(); ++group) {
    for (std::uint64_t marks = scratch.marks[group]; marks != 0; marks &= marks - 1) {
      const std::size_t column = 64 * group + static_cast<std::size_t>(count_trailing_zeros(marks));
      row.columns.push_back(static_cast<std::int32_t>(column));
      prefetch(&idf_[column]);
    }
    scratch.marks[group] = 0;
  }
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
