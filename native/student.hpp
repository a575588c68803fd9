// A fitted student: from the text of an offer to the log-odds of its themes, in one pass.
//
// Invariant: for each offer either all figures are those of the Python path, to the last bit, or
// the offer is given back for Python to judge.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "patterns.hpp"
#include "sentences.hpp"
#include "tfidf.hpp"
#include "trees.hpp"
#include "unicode.hpp"

namespace jocas {

// The linear scores of whole texts. A value is rounded to 2 ** -24 and a coefficient to 2 ** -20.
struct TextWeights {
  std::vector<std::int32_t> coefficients;  // [column][theme], in units of 2 ** -20
  std::vector<double> intercepts;          // [theme]
};

// How the scores of an offer's sentences become figures of the offer; see pool_scores in Python.
struct Pooling {
  double sharpness = 0;
  double largest_score = 0;
  std::vector<double> log_counts;  // of sentences in which the lexicon finds a theme, log(1 + n)
};

// The mean of a line over the scores and of the trees is a theme's log-odds.
struct Line {
  bool is_constant = false;  // the theme is predicted the same for every offer
  double intercept = 0;
  std::vector<double> coefficients;  // [score]
};

// What a student is made of. The tables come first, as the parts refer to them.
struct StudentParts {
  std::unique_ptr<FoldTable> fold_words, fold_sentences;
  std::unique_ptr<ClassTable> classes;
  std::optional<TfIdf> tfidf;
  std::size_t n_categories = 0;  // columns after those of the words
  TextWeights text;
  std::shared_ptr<const Patterns> patterns;  // null without a lexicon
  std::optional<Sentences> sentences;
  Pooling pooling;
  std::shared_ptr<const Forest> forest;
  std::vector<Line> lines;  // [theme]
  bool has_scores = false;  // the oldest format has none: its trees see words alone
};

class Student {
 public:
  // How many texts, sentences and tokens are remembered.
  struct Memory {
    std::size_t n_texts, n_sentences, n_tokens;
  };

  // What one thread needs to work, and remembers.
  struct Scratch {
    Scratch(const Student& student, Memory memory);

    TfIdf::Scratch tfidf;
    SparseRow row;
    std::optional<Sentences::Scratch> sentences;
    Forest::Scratch forest;
    std::vector<std::string_view> pieces;
    std::vector<std::int64_t> sums;
    std::vector<double> largest, runner_up, total;
    std::vector<std::size_t> n_found;
    std::vector<double> scores;  // [theme][score]
    std::vector<float> margins;
    BoundedCache known_texts;
    std::vector<double> known_log_odds;  // [place][theme]
  };

  explicit Student(StudentParts parts);

  std::size_t n_themes() const { return parts_.lines.size(); }
  std::size_t n_scores() const { return n_scores_; }
  std::size_t n_columns() const { return parts_.tfidf->size() + parts_.n_categories; }
  const StudentParts& parts() const { return parts_; }

  // Compute the log-odds of each theme in a text, those of constant themes left as they are. False
  // where Python must.
  bool predict(std::string_view text, const std::int32_t* categories, std::size_t n_categories,
               Scratch& scratch, double* log_odds) const;

  // Compute the features of a text, the categories being columns after those of the words. False
  // where Python must.
  bool read(std::string_view text, const std::int32_t* categories, std::size_t n_categories,
            Scratch& scratch) const;

  // Compute the scores of the text that was read last. False where Python must.
  bool score(std::string_view text, Scratch& scratch) const;

 private:
  void judge(Scratch& scratch, double* log_odds) const;
  void score_text(Scratch& scratch) const;
  bool score_sentences(std::string_view text, Scratch& scratch) const;
  void pool(const double* scores, Scratch& scratch) const;

  StudentParts parts_;
  std::size_t n_scores_;
};

}  // namespace jocas
