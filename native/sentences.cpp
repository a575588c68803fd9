#include "sentences.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace jocas {

namespace {

constexpr std::size_t kMinCharacters = 3;
constexpr double kUnit = 1.0 / (1 << 26);
constexpr std::string_view kBullet = "\xE2\x80\xA2", kDash = "\xE2\x80\x93";

bool starts_with(std::string_view text, std::size_t position, std::string_view wanted) {
  return text.compare(position, wanted.size(), wanted) == 0;
}

// The size of the white space at a position, 0 where there is none.
std::size_t measure_space(std::string_view text, std::size_t position) {
  if (position >= text.size()) return 0;
  const CodePoint point = decode(text, position);
  return is_space(point.value) ? point.size : 0;
}

bool ends_with_mark(std::string_view text) {
  if (text.empty()) return false;
  constexpr std::string_view kMarks = ".!?;:";
  return kMarks.find(text.back()) != std::string_view::npos ||
         (text.size() >= kBullet.size() && text.substr(text.size() - kBullet.size()) == kBullet);
}

// The end of a break of lines or of a bullet that begins with white space; 0 for none.
std::size_t end_of_space(std::string_view text, std::size_t position) {
  std::size_t end = position;
  if (text[position] == '\n') {
    while (end < text.size() && text[end] == '\n') ++end;
    return end;
  }
  const std::size_t first = measure_space(text, position);
  if (first == 0) return 0;
  end += first;
  if (ends_with_mark(text.substr(0, position))) {
    while (const std::size_t more = measure_space(text, end)) end += more;
    return end;
  }
  if (end >= text.size()) return 0;
  std::size_t mark = 0;
  if (text[end] == '-' || text[end] == '*') {
    mark = 1;
  } else if (starts_with(text, end, kBullet) || starts_with(text, end, kDash)) {
    mark = kBullet.size();
  }
  const std::size_t last = mark == 0 ? 0 : measure_space(text, end + mark);
  return last == 0 ? 0 : end + mark + last;
}

// The end of the break that begins at a position; 0 for none.
std::size_t end_of_break(std::string_view text, std::size_t position) {
  switch (text[position]) {
    case '/':
      return starts_with(text, position, "/r/n") ? position + 4 : 0;
    case '*': {
      const std::size_t end = std::min(text.find_first_not_of('*', position), text.size());
      return end - position >= 2 ? end : 0;
    }
    case '<':
      for (const std::string_view tag : {"<br>", "<br >", "<br/>", "<br />"}) {
        if (starts_with(text, position, tag)) return position + tag.size();
      }
      return 0;
    default:
      return end_of_space(text, position);
  }
}

// Whether a break may begin with a byte.
constexpr bool may_break(unsigned char byte) {
  return byte <= ' ' || byte == '/' || byte == '*' || byte == '<' || byte == 0xC2 || byte == 0xE1 ||
         byte == 0xE2 || byte == 0xE3;
}

std::string_view strip(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = measure_space(text, 0);
    if (size == 0) break;
    text.remove_prefix(size);
  }
  while (!text.empty()) {
    std::size_t last = text.size() - 1;
    while (last > 0 && is_continuation(text[last])) --last;
    if (measure_space(text, last) == 0) break;
    text.remove_suffix(text.size() - last);
  }
  return text;
}

bool is_long_enough(std::string_view text) {
  std::size_t n = 0;
  for (const char c : text) {
    if (!is_continuation(c) && ++n >= kMinCharacters) return true;
  }
  return false;
}

}  // namespace

void split_sentences(std::string_view text, std::vector<std::string_view>& sentences) {
  sentences.clear();
  const auto add = [&](std::size_t start, std::size_t end) {
    const std::string_view sentence = strip(text.substr(start, end - start));
    if (is_long_enough(sentence)) sentences.push_back(sentence);
  };
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = may_break(static_cast<unsigned char>(text[i])) ? end_of_break(text, i) : 0;
    if (end == 0) {
      ++i;
      continue;
    }
    add(start, i);
    start = i = end;
  }
  add(start, text.size());
  if (sentences.empty()) sentences.push_back(text.substr(0, 0));
}

Sentences::Scratch::Scratch(const Sentences& sentences, std::size_t n_sentences,
                            std::size_t n_tokens)
    : sums(sentences.n_themes()),
      known_sentences(n_sentences, make_seed()),
      known_tokens(n_tokens, make_seed()),
      scores(sentences.has_scores() ? known_sentences.size() * sentences.n_themes() : 0),
      found(known_sentences.size()),
      token_sums(sentences.has_scores() ? known_tokens.size() * sentences.n_themes() : 0) {}

Sentences::Sentences(const FoldTable& fold, const ClassTable& classes, std::size_t n_themes,
                     std::optional<SentenceWeights> weights,
                     std::shared_ptr<const Patterns> patterns)
    : fold_(fold), classes_(classes), n_themes_(n_themes), weights_(std::move(weights)),
      patterns_(std::move(patterns)) {
  if (n_themes == 0 || n_themes > 64) throw std::invalid_argument("1 to 64 themes can be judged");
  if (weights_) {
    const SentenceWeights& w = *weights_;
    if (w.run_terms.size() != w.runs.size() * n_themes ||
        w.piece_terms.size() != w.pieces.size() * n_themes || w.intercepts.size() != n_themes ||
        w.finding_terms.size() != (patterns_ == nullptr ? 0 : n_themes * n_themes)) {
      throw std::invalid_argument("one weight is needed for each theme of each column");
    }
  }
  for (char32_t c = 0; c < 128; ++c) {
    const std::string_view folded = fold_[c];
    if (folded.size() > 1) throw std::invalid_argument("ASCII folds to one byte at most");
    ascii_[c] = folded.empty() ? std::int16_t{-1} : static_cast<unsigned char>(folded[0]);
    ascii_word_[c] = (classes_[c] & kWord) != 0;
  }
}

std::optional<Sentences::Result> Sentences::judge(std::string_view sentence, Scratch& scratch) const {
  const auto [place, known] = scratch.known_sentences.find(scratch.known_sentences.key_of(sentence));
  double* scores = weights_ ? &scratch.scores[place * n_themes_] : nullptr;
  if (known) return Result{scores, scratch.found[place]};
  std::optional<std::uint64_t> found = 0;
  const bool folded = fold(sentence, scratch.folded);
  if (folded && patterns_ != nullptr) found = patterns_->find(scratch.folded, scratch.patterns);
  if (!folded || !found) {
    scratch.known_sentences.forget(place);
    return std::nullopt;
  }
  scratch.found[place] = *found;
  if (weights_) score(scratch, *found, scores);
  return Result{scores, *found};
}

bool Sentences::fold(std::string_view sentence, std::string& folded) const {
  folded.clear();
  bool parted = false;  // by white space, that is written before the next character
  const auto put = [&](char c) {
    if (c == ' ' || c == '\n') {
      parted = true;
      return;
    }
    if (parted && !folded.empty()) folded.push_back(' ');
    parted = false;
    folded.push_back(c);
  };
  for (std::size_t i = 0; i < sentence.size();) {
    const auto byte = static_cast<unsigned char>(sentence[i]);
    if (byte < 0x80) {
      if (ascii_[byte] >= 0) put(static_cast<char>(ascii_[byte]));
      ++i;
      continue;
    }
    const CodePoint point = decode(sentence, i);
    if (point.size == 0) return false;
    i += point.size;
    for (const char c : fold_[point.value]) put(c);
  }
  return true;
}

void Sentences::score(Scratch& scratch, std::uint64_t found, double* scores) const {
  std::fill(scratch.sums.begin(), scratch.sums.end(), 0);
  add_runs(scratch);
  const std::size_t n_tokens = add_pieces(scratch);
  const double length = std::sqrt(static_cast<double>(n_tokens));
  for (std::size_t theme = 0; theme < n_themes_; ++theme) {
    double added = 0;
    for (std::size_t other = 0; other < n_themes_ && found != 0; ++other) {
      if (found >> other & 1) added += weights_->finding_terms[other * n_themes_ + theme];
    }
    const double sum = static_cast<double>(scratch.sums[theme]) * kUnit / length;
    scores[theme] = (sum + added) + weights_->intercepts[theme];
  }
}

void Sentences::find_runs(Scratch& scratch) const {
  const std::size_t size = scratch.folded.size();
  scratch.folded.append(kPadding, ' ');
  const std::string_view text(scratch.folded.data(), size);
  scratch.runs.queries.clear();
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t start = i;
    std::size_t n = 0, step = 1;
    for (; i < text.size(); i += step, ++n) {
      const auto byte = static_cast<unsigned char>(text[i]);
      const CodePoint point = byte < 0x80 ? CodePoint{byte, 1} : decode(text, i);
      step = std::max(1u, point.size);
      if (byte < 0x80 ? !ascii_word_[byte] : (classes_[point.value] & kWord) == 0) break;
    }
    if (n >= 2) {
      scratch.runs.queries.push_back(WordTable::ask_padded(text.substr(start, i - start)));
    }
    i += step;  // what parts words
  }
  weights_->runs.find_runs(1, weights_->max_run, scratch.runs);
  scratch.folded.resize(size);
}

void Sentences::add_runs(Scratch& scratch) const {
  find_runs(scratch);
  const auto terms_of = [&](std::int32_t column) {
    return &weights_->run_terms[static_cast<std::size_t>(column) * n_themes_];
  };
  for (const std::int32_t column : scratch.runs.columns) prefetch(terms_of(column));
  for (const std::int32_t column : scratch.runs.columns) {
    const std::int32_t* terms = terms_of(column);
    for (std::size_t theme = 0; theme < n_themes_; ++theme) scratch.sums[theme] += terms[theme];
  }
}

std::size_t Sentences::add_pieces(Scratch& scratch) const {
  const std::string_view text = scratch.folded;
  scratch.tokens.clear();
  scratch.token_keys.clear();
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(' ', start), text.size());
    const Key128 key = scratch.known_tokens.key_of(text.substr(start, end - start));
    scratch.known_tokens.prefetch_place(key);
    prefetch(&scratch.token_sums[scratch.known_tokens.place_of(key) * n_themes_]);
    scratch.tokens.push_back(text.substr(start, end - start));
    scratch.token_keys.push_back(key);
    start = end + 1;
  }
  for (std::size_t i = 0; i < scratch.tokens.size(); ++i) {
    const auto [place, known] = scratch.known_tokens.find(scratch.token_keys[i]);
    std::int64_t* sums = &scratch.token_sums[place * n_themes_];
    if (!known) weigh_token(scratch.tokens[i], sums, scratch);
    for (std::size_t theme = 0; theme < n_themes_; ++theme) scratch.sums[theme] += sums[theme];
  }
  return scratch.tokens.size();
}

void Sentences::weigh_token(std::string_view token, std::int64_t* sums, Scratch& scratch) const {
  std::fill(sums, sums + n_themes_, 0);
  if (token.empty()) return;
  find_pieces(token, scratch);
  for (const std::int32_t column : scratch.columns) {
    const std::int32_t* terms = &weights_->piece_terms[static_cast<std::size_t>(column) * n_themes_];
    for (std::size_t theme = 0; theme < n_themes_; ++theme) sums[theme] += terms[theme];
  }
}

void Sentences::find_pieces(std::string_view token, Scratch& scratch) const {
  scratch.padded.assign(1, ' ').append(token).append(1 + kPadding, ' ');
  const std::string_view padded(scratch.padded.data(), token.size() + 2);
  scratch.ends.assign(1, 0);
  for (std::size_t i = 1; i <= padded.size(); ++i) {
    if (i == padded.size() || !is_continuation(padded[i])) {
      scratch.ends.push_back(static_cast<std::uint32_t>(i));
    }
  }
  scratch.columns.clear();
  const std::size_t n_characters = scratch.ends.size() - 1;
  for (std::size_t n = weights_->min_piece; n <= weights_->max_piece && n <= n_characters; ++n) {
    scratch.queries.clear();
    for (std::size_t first = 0; first + n <= n_characters; ++first) {
      const std::size_t start = scratch.ends[first], end = scratch.ends[first + n];
      scratch.queries.push_back(WordTable::ask_padded(padded.substr(start, end - start)));
      weights_->pieces.prefetch_slot(scratch.queries.back());
    }
    for (const WordTable::Query& query : scratch.queries) {
      const std::int32_t column = weights_->pieces.find(query);
      if (column < 0) continue;
      prefetch(&weights_->piece_terms[static_cast<std::size_t>(column) * n_themes_]);
      scratch.columns.push_back(column);
    }
  }
}

}  // namespace jocas
