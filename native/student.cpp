#include "student.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

namespace jocas {

namespace {

constexpr double kValueScale = 1 << 24;
constexpr double kProductUnit = 1.0 / (std::int64_t{1} << 44);
constexpr double kPoolScale = 1 << 30;

// Round to a whole number, for values under 2 ** 51: all bits after the point are pushed out.
double round_half_even(double value) {
  constexpr double kPush = 6755399441055744.0;  // 1.5 * 2 ** 52
  return (value + kPush) - kPush;
}

// The products of a row's values with the coefficients of their columns.
struct Products {
  const SparseRow& row;
  const std::int32_t* coefficients;  // [column][theme]
  std::size_t n_themes;

  const std::int32_t* coefficients_of(std::size_t i) const {
    return coefficients + static_cast<std::size_t>(row.columns[i]) * n_themes;
  }

  // Add them up for some themes: as many as sums that stay in registers.
  template <std::size_t kThemes>
  void add(std::size_t first, std::int64_t* sums) const {
    constexpr std::size_t kAhead = 16;
    std::array<std::int64_t, kThemes> added{};
    for (std::size_t i = 0; i < row.columns.size(); ++i) {
      if (i + kAhead < row.columns.size()) prefetch(coefficients_of(i + kAhead) + first);
      const auto value = static_cast<std::int64_t>(round_half_even(row.values[i] * kValueScale));
      const std::int32_t* own = coefficients_of(i) + first;
      for (std::size_t theme = 0; theme < kThemes; ++theme) added[theme] += value * own[theme];
    }
    std::copy(added.begin(), added.end(), sums + first);
  }
};

using AddProducts = void (Products::*)(std::size_t, std::int64_t*) const;
constexpr std::array<AddProducts, 9> kAddProducts{
    nullptr,           &Products::add<1>, &Products::add<2>, &Products::add<3>, &Products::add<4>,
    &Products::add<5>, &Products::add<6>, &Products::add<7>, &Products::add<8>};

// Scores are, in this order: of the text; largest, runner-up and sum of the sentences; findings.
std::size_t count_scores(const StudentParts& parts) {
  if (!parts.has_scores) return 0;
  const bool has_sentences = parts.sentences && parts.sentences->has_scores();
  return 1 + (has_sentences ? 3 : 0) + (parts.patterns ? 1 : 0);
}

}  // namespace

Student::Scratch::Scratch(const Student& student, Memory memory)
    : tfidf(*student.parts().tfidf),
      forest(*student.parts().forest),
      sums(student.n_themes()),
      largest(student.n_themes()),
      runner_up(student.n_themes()),
      total(student.n_themes()),
      n_found(student.n_themes()),
      scores(student.n_themes() * student.n_scores()),
      margins(student.n_themes()),
      known_texts(memory.n_texts, make_seed()),
      known_log_odds(known_texts.size() * student.n_themes()) {
  if (student.parts().sentences) {
    sentences.emplace(*student.parts().sentences, memory.n_sentences, memory.n_tokens);
  }
}

Student::Student(StudentParts parts) : parts_(std::move(parts)), n_scores_(count_scores(parts_)) {
  if (!parts_.tfidf || !parts_.forest) throw std::invalid_argument("a student has features and trees");
  const std::size_t n = n_themes();
  if (n == 0 || parts_.forest->n_themes() != n || parts_.forest->n_scores() != n_scores_ ||
      (parts_.sentences && parts_.sentences->n_themes() != n)) {
    throw std::invalid_argument("all parts of a student need the same themes and scores");
  }
  if (n_scores_ > 0 && (parts_.text.coefficients.size() != n_columns() * n ||
                        parts_.text.intercepts.size() != n)) {
    throw std::invalid_argument("one coefficient is needed for each theme of each column");
  }
  for (const Line& line : parts_.lines) {
    if (!line.is_constant && line.coefficients.size() != n_scores_) {
      throw std::invalid_argument("one coefficient is needed for each score");
    }
  }
}

bool Student::predict(std::string_view text, const std::int32_t* categories,
                      std::size_t n_categories, Scratch& scratch, double* log_odds) const {
  const auto compute = [&](double* place) {
    if (!read(text, categories, n_categories, scratch) || !score(text, scratch)) return false;
    judge(scratch, place);
    return true;
  };
  // Where there are categories, the text is not all there is to know.
  if (parts_.n_categories > 0 || n_categories > 0) return compute(log_odds);
  const auto [place, known] = scratch.known_texts.find(scratch.known_texts.key_of(text));
  double* remembered = &scratch.known_log_odds[place * n_themes()];
  if (!known && !compute(remembered)) {
    scratch.known_texts.forget(place);
    return false;
  }
  std::copy_n(remembered, n_themes(), log_odds);
  return true;
}

bool Student::read(std::string_view text, const std::int32_t* categories, std::size_t n_categories,
                   Scratch& scratch) const {
  if (!parts_.tfidf->transform(text, scratch.tfidf, scratch.row)) return false;
  for (std::size_t i = 0; i < n_categories; ++i) {
    if (categories[i] < 0 || static_cast<std::size_t>(categories[i]) >= parts_.n_categories) {
      throw std::out_of_range("a category is not one of the student's");
    }
    const std::size_t column = parts_.tfidf->size() + static_cast<std::size_t>(categories[i]);
    scratch.row.columns.push_back(static_cast<std::int32_t>(column));
    scratch.row.values.push_back(1.0);
  }
  return true;
}

bool Student::score(std::string_view text, Scratch& scratch) const {
  if (n_scores_ == 0) return true;
  score_text(scratch);
  return !parts_.sentences || score_sentences(text, scratch);
}

void Student::score_text(Scratch& scratch) const {
  const std::size_t n = n_themes();
  const Products products{scratch.row, parts_.text.coefficients.data(), n};
  constexpr std::size_t kMost = kAddProducts.size() - 1;
  for (std::size_t first = 0; first < n; first += kMost) {
    (products.*kAddProducts[std::min(kMost, n - first)])(first, scratch.sums.data());
  }
  for (std::size_t theme = 0; theme < n; ++theme) {
    const double sum = static_cast<double>(scratch.sums[theme]) * kProductUnit;
    scratch.scores[theme * n_scores_] = sum + parts_.text.intercepts[theme];
  }
}

bool Student::score_sentences(std::string_view text, Scratch& scratch) const {
  const std::size_t n = n_themes();
  constexpr double kLowest = -std::numeric_limits<double>::infinity();
  std::fill(scratch.largest.begin(), scratch.largest.end(), kLowest);
  std::fill(scratch.runner_up.begin(), scratch.runner_up.end(), kLowest);
  std::fill(scratch.total.begin(), scratch.total.end(), 0.0);
  std::fill(scratch.n_found.begin(), scratch.n_found.end(), std::size_t{0});
  split_sentences(text, scratch.pieces);
  for (const std::string_view sentence : scratch.pieces) {
    const auto result = parts_.sentences->judge(sentence, *scratch.sentences);
    if (!result) return false;
    for (std::size_t theme = 0; theme < n; ++theme) scratch.n_found[theme] += result->found >> theme & 1;
    if (result->scores != nullptr) pool(result->scores, scratch);
  }
  const bool alone = scratch.pieces.size() == 1;
  for (std::size_t theme = 0; theme < n; ++theme) {
    double* scores = &scratch.scores[theme * n_scores_ + 1];
    if (parts_.sentences->has_scores()) {
      *scores++ = scratch.largest[theme];
      *scores++ = alone ? scratch.largest[theme] : scratch.runner_up[theme];
      *scores++ = scratch.total[theme];
    }
    if (parts_.patterns) {
      if (scratch.n_found[theme] >= parts_.pooling.log_counts.size()) return false;
      *scores = parts_.pooling.log_counts[scratch.n_found[theme]];
    }
  }
  return true;
}

void Student::pool(const double* scores, Scratch& scratch) const {
  for (std::size_t theme = 0; theme < n_themes(); ++theme) {
    const double score = scores[theme];
    if (score > scratch.largest[theme]) {
      scratch.runner_up[theme] = std::exchange(scratch.largest[theme], score);
    } else if (score > scratch.runner_up[theme]) {
      scratch.runner_up[theme] = score;
    }
    if (score <= 0) continue;
    const double above = parts_.pooling.sharpness * std::min(score, parts_.pooling.largest_score);
    const double term = above + (std::sqrt(1 + above * above) - 1);
    scratch.total[theme] += round_half_even(term * kPoolScale) / kPoolScale;
  }
}

void Student::judge(Scratch& scratch, double* log_odds) const {
  parts_.forest->predict(scratch.row.columns.data(), scratch.row.values.data(),
                         scratch.row.columns.size(), scratch.scores.data(), scratch.forest,
                         scratch.margins.data());
  for (std::size_t theme = 0; theme < n_themes(); ++theme) {
    const Line& line = parts_.lines[theme];
    if (line.is_constant) continue;
    double sum = line.intercept;
    for (std::size_t k = 0; k < n_scores_; ++k) {
      sum += scratch.scores[theme * n_scores_ + k] * line.coefficients[k];
    }
    log_odds[theme] = (sum + static_cast<double>(scratch.margins[theme])) / 2;
  }
}

}  // namespace jocas
