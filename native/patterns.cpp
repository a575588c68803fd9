#include "patterns.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace jocas {

namespace {

// Real sentences take a few dozen steps a character at most.
constexpr std::int64_t kSteps = 20'000;
constexpr std::int64_t kStepsPerCharacter = 500;
constexpr std::size_t kMaxThemes = 64;

std::vector<LiteralFinder::Literal> number_literals(
    const std::vector<std::vector<ClauseLiteral>>& clauses) {
  std::vector<LiteralFinder::Literal> literals;
  for (std::size_t i = 0; i < clauses.size(); ++i) {
    for (const auto& [text, window] : clauses[i]) {
      if (text.find('\n') != std::string::npos) {
        throw std::invalid_argument("a literal must not hold a line break");
      }
      literals.push_back({text, window, static_cast<std::uint32_t>(i)});
    }
  }
  return literals;
}

bool is_ascii(std::string_view text) {
  unsigned bits = 0;
  for (const char byte : text) bits |= static_cast<unsigned char>(byte);
  return bits < 0x80;
}

bool decode_all(std::string_view bytes, std::u32string& text) {
  if (is_ascii(bytes)) {
    text.resize(bytes.size());
    std::transform(bytes.begin(), bytes.end(), text.begin(),
                   [](char byte) { return static_cast<char32_t>(byte); });
    return true;
  }
  text.clear();
  for (std::size_t i = 0; i < bytes.size();) {
    const CodePoint point = decode(bytes, i);
    if (point.size == 0) return false;
    text.push_back(point.value);
    i += point.size;
  }
  return true;
}

}  // namespace

Patterns::Patterns(Program program, std::vector<Pattern> patterns,
                   const std::vector<PatternCounts>& themes,
                   const std::vector<std::vector<ClauseLiteral>>& clauses)
    : program_(std::move(program)), patterns_(std::move(patterns)), n_clauses_(clauses.size()),
      led_by_(clauses.size()), literals_(number_literals(clauses)) {
  std::uint32_t end = 0;
  for (const auto& [present, not_enough] : themes) {
    themes_.push_back({end + present, end + present + not_enough});
    end = themes_.back().end;
  }
  if (end != patterns_.size() || themes_.size() > kMaxThemes) {
    throw std::invalid_argument("each pattern needs a theme, of at most 64 themes");
  }
  for (std::uint32_t i = 0; i < patterns_.size(); ++i) {
    const auto& [start, needed] = patterns_[i];
    const bool exist = std::all_of(needed.begin(), needed.end(),
                                   [&](std::uint32_t clause) { return clause < n_clauses_; });
    if (!exist || start < 0 || static_cast<std::size_t>(start) >= program_.size()) {
      throw std::invalid_argument("broken pattern " + std::to_string(i));
    }
    (needed.empty() ? always_ : led_by_[needed.front()]).push_back(i);
    guards_.push_back(program_.add_guard(start));
  }
}

std::optional<std::uint64_t> Patterns::find(std::string_view sentence, Scratch& scratch) const {
  if (sentence.empty()) return 0;  // a lexicon refuses patterns that match there
  find_candidates(sentence, scratch);
  bool is_read = false;
  std::uint64_t found = 0;
  auto begin = scratch.candidates.cbegin();
  const auto last = scratch.candidates.cend();
  for (std::size_t i = 0; i < themes_.size() && begin != last; ++i) {
    const auto present_end = std::lower_bound(begin, last, themes_[i].present_end);
    const auto end = std::lower_bound(present_end, last, themes_[i].end);
    if (begin != present_end) {
      if (!is_read && !read(sentence, scratch)) return std::nullopt;
      is_read = true;
      if (shows({begin, present_end}, {present_end, end}, scratch)) found |= std::uint64_t{1} << i;
      if (scratch.run.steps_left < 0) return std::nullopt;
    }
    begin = end;
  }
  return found;
}

// Write a sentence as matches read it; false where it is not UTF-8.
bool Patterns::read(std::string_view sentence, Scratch& scratch) const {
  if (!decode_all(sentence, scratch.text)) return false;
  find_starts(scratch.text, scratch.starts);
  scratch.run.steps_left =
      kSteps + kStepsPerCharacter * static_cast<std::int64_t>(scratch.text.size());
  return true;
}

// Find the patterns that may match, from the literals that are there.
void Patterns::find_candidates(std::string_view sentence, Scratch& scratch) const {
  if (has_other_digits(sentence)) {
    scratch.candidates.resize(patterns_.size());
    std::iota(scratch.candidates.begin(), scratch.candidates.end(), 0);
    return;
  }
  scratch.is_seen.resize(n_clauses_);
  literals_.find(sentence, scratch.literals, [&scratch](std::uint32_t clause) {
    if (scratch.is_seen[clause] != 0) return;
    scratch.is_seen[clause] = 1;
    scratch.seen.push_back(clause);
  });
  scratch.candidates = always_;
  for (const std::uint32_t clause : scratch.seen) {
    for (const std::uint32_t i : led_by_[clause]) {
      const auto& needed = patterns_[i].clauses;
      const bool may_match = std::all_of(needed.begin(), needed.end(), [&](std::uint32_t other) {
        return scratch.is_seen[other] != 0;
      });
      if (may_match) scratch.candidates.push_back(i);
    }
  }
  std::sort(scratch.candidates.begin(), scratch.candidates.end());
  for (const std::uint32_t clause : scratch.seen) scratch.is_seen[clause] = 0;
  scratch.seen.clear();
}

// Tell whether there are digits that literals do not know.
bool Patterns::has_other_digits(std::string_view sentence) const {
  if (is_ascii(sentence)) return false;
  for (std::size_t i = 0; i < sentence.size();) {
    const CodePoint point = decode(sentence, i);
    if (point.value >= 0x80 && program_.is_digit(point.value)) return true;
    i += std::max(point.size, 1u);
  }
  return false;
}

// Tell whether one of a theme's candidates shows it, once what is not enough is taken out.
bool Patterns::shows(Candidates present, Candidates not_enough, Scratch& scratch) const {
  Run& run = scratch.run;
  if (!blank(not_enough, scratch)) return find_any(present, scratch.text, scratch.starts, run);
  find_starts(scratch.blanked, scratch.blanked_starts);
  return find_any(present, scratch.blanked, scratch.blanked_starts, run);
}

bool Patterns::find_any(Candidates candidates, std::u32string_view text,
                        const std::vector<std::size_t>& starts, Run& run) const {
  for (auto candidate = candidates.begin; candidate != candidates.end; ++candidate) {
    const std::int32_t pc = patterns_[*candidate].start;
    for (const std::size_t start : starts) {
      if (!program_.may_start(guards_[*candidate], text, start)) continue;
      if (program_.match(pc, text, start, Program::kNone, run) != Program::kNone) return true;
      if (run.steps_left < 0) return false;
    }
  }
  return false;
}

// Make line breaks of what is not enough, from left to right, as re.sub does.
bool Patterns::blank(Candidates not_enough, Scratch& scratch) const {
  if (not_enough.begin == not_enough.end) return false;
  std::size_t done = 0;
  for (const std::size_t start : scratch.starts) {
    if (start < done) continue;
    // Empty spans take nothing out, and where one is, re.sub searches for another.
    const std::size_t end = match_first(not_enough, scratch.text, start, scratch.run);
    if (end == Program::kNone) continue;
    if (done == 0) scratch.blanked = scratch.text;
    std::fill(scratch.blanked.begin() + static_cast<std::ptrdiff_t>(start),
              scratch.blanked.begin() + static_cast<std::ptrdiff_t>(end), U'\n');
    done = end;
  }
  return done != 0;
}

// Where the first of the candidates that match something at a start ends.
std::size_t Patterns::match_first(Candidates candidates, std::u32string_view text,
                                  std::size_t start, Run& run) const {
  for (auto candidate = candidates.begin; candidate != candidates.end; ++candidate) {
    if (!program_.may_start(guards_[*candidate], text, start)) continue;
    const std::size_t end = program_.match(patterns_[*candidate].start, text, start, start, run);
    if (end != Program::kNone || run.steps_left < 0) return end;
  }
  return Program::kNone;
}

// Find the positions that no word character is before: the only ones where a pattern may match.
void Patterns::find_starts(std::u32string_view text, std::vector<std::size_t>& starts) const {
  starts.resize(text.size() + 1);
  starts[0] = 0;
  std::size_t n_starts = 1;
  for (std::size_t i = 1; i <= text.size(); ++i) {
    starts[n_starts] = i;
    n_starts += !program_.is_word(text[i - 1]);
  }
  starts.resize(n_starts);
}

}  // namespace jocas
