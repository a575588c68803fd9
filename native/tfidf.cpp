#include "tfidf.hpp"

#include <cmath>
#include <stdexcept>
#include <utility>

namespace jocas {

namespace {

constexpr char32_t kCapitalSigma = 0x3A3;

int count_trailing_zeros(std::uint64_t bits) {
#if defined(__GNUC__) || defined(__clang__)
  return __builtin_ctzll(bits);
#else
  int n = 0;
  for (; (bits & 1) == 0; bits >>= 1) ++n;
  return n;
#endif
}

// Writes words one after the other. A word is kept if it has two code points.
class WordWriter {
 public:
  WordWriter(std::string& folded, std::vector<TfIdf::Scratch::Token>& tokens)
      : folded_(folded), tokens_(tokens) {}

  // Make room for n more bytes.
  void reserve(std::size_t n) {
    if (folded_.size() - end_ < n) folded_.resize(2 * (end_ + n));
  }

  void put_ascii(char c) { folded_[end_++] = c; }

  void put(std::string_view bytes) {
    for (const char c : bytes) {
      if (c == ' ') {
        end_word();
      } else {
        folded_[end_++] = c;
        n_continued_ += is_continuation(c);
      }
    }
  }

  void end_word() {
    const std::size_t size = end_ - start_;
    if (size - n_continued_ >= 2) {
      tokens_.push_back({static_cast<std::uint32_t>(start_), static_cast<std::uint32_t>(size)});
      start_ = end_;
    } else {
      end_ = start_;
    }
    n_continued_ = 0;
  }

 private:
  std::string& folded_;
  std::vector<TfIdf::Scratch::Token>& tokens_;
  std::size_t start_ = 0, end_ = 0, n_continued_ = 0;
};

}  // namespace

TfIdf::TfIdf(const FoldTable& fold, Vocabulary vocabulary, std::vector<double> idf,
             std::vector<double> log_counts, std::size_t min_n, std::size_t max_n)
    : fold_(fold), vocabulary_(std::move(vocabulary)), idf_(std::move(idf)),
      log_counts_(std::move(log_counts)), min_n_(min_n), max_n_(max_n) {
  if (idf_.size() != vocabulary_.size()) throw std::invalid_argument("one idf a column is needed");
  for (char32_t c = 0; c < 128; ++c) {
    const std::string_view folded = fold_[c];
    if (folded.size() != 1) throw std::invalid_argument("ASCII folds to one byte");
    ascii_[c] = folded[0] == ' ' ? '\0' : folded[0];
  }
}

bool TfIdf::tokenise(std::string_view text, Scratch& scratch) const {
  if (text.size() > (std::size_t{1} << 30)) return false;
  scratch.tokens.clear();
  WordWriter writer(scratch.folded, scratch.tokens);
  writer.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      if (const char c = ascii_[byte]) {
        writer.put_ascii(c);
      } else {
        writer.end_word();
      }
      ++i;
      continue;
    }
    const CodePoint point = decode(text, i);
    if (point.size == 0 || point.value == kCapitalSigma) return false;
    i += point.size;
    const std::string_view folded = fold_[point.value];
    writer.reserve(folded.size() + (text.size() - i));  // an ASCII byte never needs more than one
    writer.put(folded);
  }
  writer.end_word();
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
  const auto word = [&](std::size_t i) {
    return std::string_view(scratch.folded).substr(tokens[i].start, tokens[i].size);
  };
  scratch.hashes.resize(tokens.size());
  scratch.words.resize(tokens.size());
  // In passes, so that the misses of the processor's cache overlap.
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    scratch.hashes[i] = hash_text(word(i));
    known.prefetch_slot(scratch.hashes[i]);
  }
  for (const std::uint64_t hash : scratch.hashes) known.prefetch_word(hash);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    scratch.words[i] = known.find(word(i), scratch.hashes[i]);
  }
  vocabulary_.visit_runs(scratch.words, min_n_, max_n_, scratch.pending, [&](std::int32_t column) {
    const auto place = static_cast<std::size_t>(column);
    ++scratch.counts[place];
    scratch.marks[place / 64] |= std::uint64_t{1} << (place % 64);
  });
}

bool TfIdf::weigh(Scratch& scratch, SparseRow& row) const {
  bool known = true;
  double sum = 0;  // of squares, in the order of the columns, as scikit-learn adds them
  for (std::size_t group = 0; group < scratch.marks.size(); ++group) {
    for (std::uint64_t marks = scratch.marks[group]; marks != 0; marks &= marks - 1) {
      const std::size_t column = 64 * group + static_cast<std::size_t>(count_trailing_zeros(marks));
      const std::uint32_t n = std::exchange(scratch.counts[column], 0);
      known &= n < log_counts_.size();
      const double value = (known ? log_counts_[n] : 0.0) * idf_[column];
      sum += value * value;
      row.columns.push_back(static_cast<std::int32_t>(column));
      row.values.push_back(value);
    }
    scratch.marks[group] = 0;
  }
  if (const double norm = std::sqrt(sum); norm != 0) {
    for (double& value : row.values) value /= norm;
  }
  return known;
}

}  // namespace jocas
