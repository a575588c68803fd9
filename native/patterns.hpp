// Which themes a lexicon finds in a sentence, as `LexiconEntry.find` says it.
//
// Each pattern comes with clauses: sets of literals of which any match holds one at least. One
// pass over the sentence tells which patterns have all their clauses there; these alone are run.
//
// Invariant: no literal holds a line break, and 0 stands for each of the digits 0 to 9 in them.
// Spans that do not count become line breaks before the search, and so bring no literal that the
// sentence did not hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "literals.hpp"
#include "regex.hpp"

namespace jocas {

struct Pattern {
  std::int32_t start;                  // its first instruction
  std::vector<std::uint32_t> clauses;  // the rarest first; a pattern without is always run
};

struct ClauseLiteral {
  std::string text;
  std::size_t window;  // where in it to look first
};

struct PatternCounts {
  std::uint32_t present, not_enough;
};

class Patterns {
 public:
  // What one thread needs to search; it may go from sentence to sentence.
  struct Scratch {
    std::vector<std::uint8_t> is_seen;      // of each clause; all 0 between two searches
    std::vector<std::uint32_t> seen;        // the clauses that are
    std::vector<std::uint32_t> candidates;  // patterns, in order
    LiteralFinder::Scratch literals;
    std::u32string text, blanked;
    std::vector<std::size_t> starts, blanked_starts;  // where a match may start
    Run run;
  };

  // The patterns lie one after the other: of each theme those that show it, then those that are
  // not enough. Raises std::invalid_argument where the parts do not fit together.
  Patterns(Program program, std::vector<Pattern> patterns, const std::vector<PatternCounts>& themes,
           const std::vector<std::vector<ClauseLiteral>>& clauses);

  // A bit for each theme that the lexicon finds in a folded sentence. None where that takes too
  // many steps, or where a pattern is to be run on what is not UTF-8: then Python must say.
  std::optional<std::uint64_t> find(std::string_view sentence, Scratch& scratch) const;

 private:
  struct Theme {
    std::uint32_t present_end, end;  // of its patterns
  };
  struct Candidates {
    std::vector<std::uint32_t>::const_iterator begin, end;
  };

  void find_candidates(std::string_view sentence, Scratch& scratch) const;
  bool has_other_digits(std::string_view sentence) const;
  bool read(std::string_view sentence, Scratch& scratch) const;
  bool shows(Candidates present, Candidates not_enough, Scratch& scratch) const;
  bool find_any(Candidates candidates, std::u32string_view text,
                const std::vector<std::size_t>& starts, Run& run) const;
  bool blank(Candidates not_enough, Scratch& scratch) const;
  std::size_t match_first(Candidates candidates, std::u32string_view text, std::size_t start,
                          Run& run) const;
  void find_starts(std::u32string_view text, std::vector<std::size_t>& starts) const;

  Program program_;
  std::vector<Pattern> patterns_;
  std::vector<std::uint32_t> guards_;  // of the patterns' starts
  std::vector<Theme> themes_;
  std::size_t n_clauses_;
  std::vector<std::vector<std::uint32_t>> led_by_;  // the patterns whose rarest clause it is
  std::vector<std::uint32_t> always_;
  LiteralFinder literals_;
};

}  // namespace jocas
