// Regular expressions as Python's `re` runs them: compiled there to a flat program, run here.
//
// Invariant: a program's jumps and sets are checked when it is made; a run reads the text only
// where a check said that it may, keeps what is left to try on a stack of its own, and ends when
// its steps are spent.
#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "unicode.hpp"

namespace jocas {

// In the order of `Op` in student/kernel/_patterns.py.
enum class Op : std::int32_t {
  kMatch,       // the end
  kSet,         // one character of set a
  kRepeat,      // b to c characters of set a, as many as possible first
  kLazyRepeat,  // as few as possible first
  kSplit,       // go on at a; where that fails, at b
  kJump,        // go on at a
  kAt,          // be at place a
  kPeek,        // the character at offset b (0 or -1) is of set a (c: is not, or is none)
  kLook,        // what follows matches from b characters back (c: does not); then go on at a
};

// In the order of `Place` there.
enum class Place : std::int32_t { kStart, kEnd, kEndOrLastBreak, kBoundary, kNotBoundary };

struct Instruction {
  Op op;
  std::int32_t a, b, c;
};

// What a set holds besides ranges: bits, as in `Category` there.
enum Category : std::uint8_t {
  kInWord = 1, kNotInWord = 2, kInDigits = 4, kNotInDigits = 8, kInSpace = 16, kNotInSpace = 32,
};

struct CharacterSet {
  bool negated;
  std::uint8_t categories;
  std::vector<std::pair<char32_t, char32_t>> ranges;  // both ends included
};

// What is left to try: to go on at pc from position `from`, then from the next one up to `to`.
struct Attempt {
  std::int32_t pc;
  std::uint32_t guard;
  std::size_t from, to;
};

struct Run {
  std::vector<Attempt> attempts;
  std::int64_t steps_left = 0;  // below 0: given up, and what was returned means nothing
};

class Program {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  // Raises std::invalid_argument where an instruction names what does not exist.
  Program(std::vector<Instruction> code, const std::vector<CharacterSet>& sets,
          std::shared_ptr<const ClassTable> classes);

  std::size_t size() const { return code_.size(); }

  // Where the match from a position on ends, by Python's order of preference; kNone if there is
  // none. An end at `not_end` does not count.
  std::size_t match(std::int32_t pc, std::u32string_view text, std::size_t position,
                    std::size_t not_end, Run& run) const {
    return match(pc, text, position, not_end, 0, run);
  }

  // Number what the first character of a match from an instruction on may be, for may_start.
  std::uint32_t add_guard(std::int32_t pc);

  // Whether a match may start at a position: sometimes yes where none does, never the reverse.
  bool may_start(std::uint32_t guard, std::u32string_view text, std::size_t position) const {
    if (position >= text.size()) return guards_[guard][kLow + 1];
    return guards_[guard][text[position] < kLow ? text[position] : kLow];
  }

  bool is_word(char32_t c) const { return c < kLow ? words_[c] : ((*classes_)[c] & kWord) != 0; }
  bool is_digit(char32_t c) const { return ((*classes_)[c] & kDigit) != 0; }

 private:
  static constexpr std::size_t kLow = 256;
  struct Set : CharacterSet {
    std::bitset<kLow> low;  // the answers for the first code points
  };
  // What the next character may be: one of the first code points, any other one, the end.
  using Guard = std::bitset<kLow + 2>;
  struct GuardPair {
    std::uint32_t first, second;
  };

  std::size_t match(std::int32_t pc, std::u32string_view text, std::size_t position,
                    std::size_t not_end, int depth, Run& run) const;
  bool look(std::int32_t pc, std::u32string_view text, std::size_t position, int depth,
            Run& run) const;
  bool try_next(std::int32_t& pc, std::u32string_view text, std::size_t& position,
                std::size_t base, Run& run) const;
  bool repeat(std::int32_t pc, std::u32string_view text, std::size_t& position, Run& run) const;
  bool peek(const Instruction& step, std::u32string_view text, std::size_t position) const;
  bool is_at(Place place, std::u32string_view text, std::size_t position) const;
  bool contains(std::int32_t set, char32_t c) const;
  bool decide(const CharacterSet& set, char32_t c) const;

  void check() const;
  void build_guards();
  Guard find_first(std::int32_t pc) const;

  std::vector<Instruction> code_;
  std::vector<Set> sets_;
  std::shared_ptr<const ClassTable> classes_;
  std::bitset<kLow> words_;
  std::vector<Guard> guards_;
  std::unordered_map<std::string, std::uint32_t> guard_numbers_;
  std::vector<GuardPair> guards_of_;  // of the two ways on of a split, of the one of a repeat
};

}  // namespace jocas
