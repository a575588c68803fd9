#include "regex.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace jocas {

namespace {

constexpr int kDeepest = 16;  // looks inside looks

bool has_category(std::uint8_t categories, std::uint8_t classes, char32_t c) {
  const auto asks = [&](Category category) { return (categories & category) != 0; };
  const bool word = (classes & kWord) != 0;
  const bool digit = (classes & kDigit) != 0;
  return (asks(kInWord) && word) || (asks(kNotInWord) && !word) || (asks(kInDigits) && digit) ||
         (asks(kNotInDigits) && !digit) || (asks(kInSpace) && is_space(c)) ||
         (asks(kNotInSpace) && !is_space(c));
}

bool reads_set(Op op) {
  return op == Op::kSet || op == Op::kRepeat || op == Op::kLazyRepeat || op == Op::kPeek;
}

bool is_last(Op op) { return op == Op::kMatch || op == Op::kJump || op == Op::kSplit; }

}  // namespace

Program::Program(std::vector<Instruction> code, const std::vector<CharacterSet>& sets,
                 std::shared_ptr<const ClassTable> classes)
    : code_(std::move(code)), classes_(std::move(classes)) {
  for (const CharacterSet& set : sets) {
    sets_.push_back({set, {}});
    for (char32_t c = 0; c < kLow; ++c) sets_.back().low[c] = decide(set, c);
  }
  for (char32_t c = 0; c < kLow; ++c) words_[c] = ((*classes_)[c] & kWord) != 0;
  check();
  build_guards();
}

void Program::check() const {
  const auto require = [](bool holds, std::size_t pc) {
    if (!holds) throw std::invalid_argument("broken instruction " + std::to_string(pc));
  };
  const auto is_below = [](std::int32_t value, std::size_t size) {
    return value >= 0 && static_cast<std::size_t>(value) < size;
  };
  for (std::size_t pc = 0; pc < code_.size(); ++pc) {
    const auto [op, a, b, c] = code_[pc];
    require(op >= Op::kMatch && op <= Op::kLook, pc);
    require(is_last(op) || pc + 1 < code_.size(), pc);
    if (reads_set(op)) require(is_below(a, sets_.size()), pc);
    if (op == Op::kSplit || op == Op::kJump || op == Op::kLook) require(is_below(a, size()), pc);
    if (op == Op::kSplit) require(is_below(b, size()), pc);
    if (op == Op::kRepeat || op == Op::kLazyRepeat) require(0 <= b && b <= c, pc);
    if (op == Op::kPeek) require(b == 0 || b == -1, pc);
    if (op == Op::kLook) require(b >= 0, pc);
  }
}

void Program::build_guards() {
  guards_of_.resize(code_.size());
  for (std::size_t pc = 0; pc < code_.size(); ++pc) {
    const auto [op, a, b, c] = code_[pc];
    if (op == Op::kSplit) guards_of_[pc] = {add_guard(a), add_guard(b)};
    if (op == Op::kRepeat || op == Op::kLazyRepeat) {
      guards_of_[pc].first = add_guard(static_cast<std::int32_t>(pc) + 1);
    }
  }
}

std::uint32_t Program::add_guard(std::int32_t pc) {
  const Guard guard = find_first(pc);
  const auto [place, is_new] =
      guard_numbers_.try_emplace(guard.to_string(), static_cast<std::uint32_t>(guards_.size()));
  if (is_new) guards_.push_back(guard);
  return place->second;
}

Program::Guard Program::find_first(std::int32_t start) const {
  Guard first;
  std::vector<std::int32_t> left{start};
  std::vector<bool> seen(code_.size());
  while (!left.empty()) {
    const std::int32_t pc = left.back();
    left.pop_back();
    if (seen[static_cast<std::size_t>(pc)]) continue;
    seen[static_cast<std::size_t>(pc)] = true;
    const auto [op, a, b, c] = code_[static_cast<std::size_t>(pc)];
    if (op == Op::kMatch) return first.set();
    if (op == Op::kSet || op == Op::kRepeat || op == Op::kLazyRepeat) {
      const auto& low = sets_[static_cast<std::size_t>(a)].low;
      for (std::size_t i = 0; i < kLow; ++i) first[i] = first[i] || low[i];
      first.set(kLow);
    }
    if (op == Op::kSplit) left.push_back(b);
    if (op == Op::kSplit || op == Op::kJump || op == Op::kLook) left.push_back(a);
    const bool may_be_empty = (op == Op::kRepeat || op == Op::kLazyRepeat) && b == 0;
    if (op == Op::kAt || op == Op::kPeek || may_be_empty) left.push_back(pc + 1);
  }
  return first;
}

bool Program::decide(const CharacterSet& set, char32_t c) const {
  const bool inside =
      std::any_of(set.ranges.begin(), set.ranges.end(),
                  [c](const auto& range) { return range.first <= c && c <= range.second; }) ||
      (set.categories != 0 && has_category(set.categories, (*classes_)[c], c));
  return inside != set.negated;
}

inline bool Program::contains(std::int32_t set, char32_t c) const {
  const Set& found = sets_[static_cast<std::size_t>(set)];
  return c < kLow ? found.low[c] : decide(found, c);
}

std::size_t Program::match(std::int32_t pc, std::u32string_view text, std::size_t position,
                           std::size_t not_end, int depth, Run& run) const {
  const std::size_t base = run.attempts.size();
  while (--run.steps_left >= 0) {
    const auto at = static_cast<std::size_t>(pc);
    const Instruction& step = code_[at];
    bool holds = true;
    switch (step.op) {
      case Op::kMatch:
        if (position != not_end) {
          run.attempts.resize(base);
          return position;
        }
        holds = false;
        break;
      case Op::kSet:
        holds = position < text.size() && contains(step.a, text[position]);
        ++position;
        ++pc;
        break;
      case Op::kRepeat:
      case Op::kLazyRepeat:
        holds = repeat(pc, text, position, run);
        ++pc;
        break;
      case Op::kSplit: {
        const bool first = may_start(guards_of_[at].first, text, position);
        const bool second = may_start(guards_of_[at].second, text, position);
        if (first && second) {
          run.attempts.push_back({step.b, guards_of_[at].second, position, position});
        }
        holds = first || second;
        pc = first ? step.a : step.b;
        break;
      }
      case Op::kJump:
        pc = step.a;
        break;
      case Op::kAt:
        holds = is_at(static_cast<Place>(step.a), text, position);
        ++pc;
        break;
      case Op::kPeek:
        holds = peek(step, text, position);
        ++pc;
        break;
      case Op::kLook:
        holds = look(pc, text, position, depth, run);
        pc = step.a;
        break;
    }
    if (!holds && !try_next(pc, text, position, base, run)) return kNone;
  }
  run.attempts.resize(base);
  return kNone;
}

// Go back to the last choice that is left.
inline bool Program::try_next(std::int32_t& pc, std::u32string_view text, std::size_t& position,
                              std::size_t base, Run& run) const {
  while (run.attempts.size() > base) {
    Attempt& last = run.attempts.back();
    const std::uint32_t guard = last.guard;
    pc = last.pc;
    position = last.from;
    if (last.from == last.to) {
      run.attempts.pop_back();
    } else {
      last.from = last.from < last.to ? last.from + 1 : last.from - 1;
    }
    if (may_start(guard, text, position)) return true;
    --run.steps_left;
  }
  return false;
}

inline bool Program::repeat(std::int32_t pc, std::u32string_view text, std::size_t& position,
                            Run& run) const {
  const Instruction& step = code_[static_cast<std::size_t>(pc)];
  const std::size_t most =
      std::min(text.size() - position, static_cast<std::size_t>(step.c)) + position;
  const std::size_t least = position + static_cast<std::size_t>(step.b);
  std::size_t end = position;
  while (end < most && contains(step.a, text[end])) ++end;
  run.steps_left -= static_cast<std::int64_t>(end - position);
  if (end < least) return false;
  const bool lazy = step.op == Op::kLazyRepeat;
  position = lazy ? least : end;
  if (least < end) {
    const std::size_t from = lazy ? least + 1 : end - 1;
    const std::size_t to = lazy ? end : least;
    run.attempts.push_back({pc + 1, guards_of_[static_cast<std::size_t>(pc)].first, from, to});
  }
  return true;
}

inline bool Program::peek(const Instruction& step, std::u32string_view text,
                          std::size_t position) const {
  const bool inside = step.b == 0 ? position < text.size() : position > 0;
  const bool found = inside && contains(step.a, text[step.b == 0 ? position : position - 1]);
  return found != (step.c != 0);
}

bool Program::look(std::int32_t pc, std::u32string_view text, std::size_t position, int depth,
                   Run& run) const {
  const Instruction& step = code_[static_cast<std::size_t>(pc)];
  const auto back = static_cast<std::size_t>(step.b);
  if (depth == kDeepest) {
    run.steps_left = -1;
    return false;
  }
  const bool found =
      back <= position && match(pc + 1, text, position - back, kNone, depth + 1, run) != kNone;
  return found != (step.c != 0);
}

bool Program::is_at(Place place, std::u32string_view text, std::size_t position) const {
  const std::size_t left = text.size() - position;
  switch (place) {
    case Place::kStart:
      return position == 0;
    case Place::kEnd:
      return left == 0;
    case Place::kEndOrLastBreak:
      return left == 0 || (left == 1 && text[position] == U'\n');
    case Place::kBoundary:
    case Place::kNotBoundary: {
      const bool before = position > 0 && is_word(text[position - 1]);
      const bool after = left > 0 && is_word(text[position]);
      return (before != after) == (place == Place::kBoundary);
    }
  }
  return false;
}

}  // namespace jocas
