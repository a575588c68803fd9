// Texts freed of their mark-up, and one text for each offer.
//
// Invariant: what `Cleaner` gives is, byte for byte, what clean_text and assemble_texts of
// jocas_themes.offers give; where a text may hold what is not done here, it says that it is unsure.
// All its tables are Python's own. Its time grows with the length of a text alone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "texts.hpp"

namespace jocas {

struct CleaningTables {
  std::map<std::uint32_t, std::string> characters;             // and what replaces each
  std::map<std::string, std::string, std::less<>> entities;    // "amp", "amp;"
  std::vector<std::string> numbers;                            // of "&#0;", "&#1;", ...
  std::vector<std::string> block_tags, inline_tags, hidden_tags;
  std::vector<std::string> missing;                            // how an absent value is written
};

// What becomes of the columns of an offer.
enum class Assembly {
  kJoin,           // all, one after the other
  kFullElseParts,  // the first, then the second, or the others where the second is empty
};

struct AssembledTexts {
  TextBuilder texts;
  std::vector<std::int64_t> unsure;  // rows left empty
};

class Cleaner {
 public:
  // Throws std::invalid_argument where the tables are none of HTML.
  explicit Cleaner(CleaningTables tables);

  // Append the clean form of a text; false, with nothing appended, where it is unsure.
  bool clean(std::string_view raw, std::string& out) const;

  bool is_missing(std::string_view raw) const;

  // One text for each row. Every column has n_rows rows, or is not there. The texts are written
  // into `room`, whatever it holds.
  AssembledTexts assemble(const std::vector<std::optional<TextColumn>>& columns,
                          std::size_t n_rows, Assembly assembly, std::string room = {}) const;

 private:
  enum Kind : std::uint8_t {
    kWord,
    kSpace,
    kOtherSpace,
    kBreak,
    kSpaceInstead,  // to be replaced, by a space or a line break
    kBreakInstead,
    kOtherInstead,
    kIllFormed,
  };
  struct Unit {
    Kind kind;
    std::uint32_t size;
  };

  Unit read(std::string_view text, std::size_t position) const;
  void append_character(std::string& out, char32_t value) const;

  bool settle(std::string_view text, std::string& out) const;
  std::size_t find_end_of_words(std::string_view text, std::size_t position) const;
  bool replace_odd_characters(std::string_view text, std::string& out) const;
  bool remove_mark_up(std::string& text) const;

  bool holds_references(std::string_view text) const;
  bool resolve_references(std::string& text) const;
  std::size_t append_reference(std::string_view text, std::size_t position, std::string& out) const;
  std::size_t append_number(std::string_view text, std::size_t position, std::string& out) const;

  using Names = std::vector<std::string>;
  std::string_view find_name(std::string_view text, std::size_t opening) const;
  bool may_hold_hidden_tags(std::string_view text) const;
  bool replace_tags(std::string& text, const Names& names, char replacement) const;
  std::size_t find_end_of_tag(std::string_view text, std::size_t opening, const Names& names) const;

  bool append_row(const std::vector<std::optional<TextColumn>>& columns, std::size_t row,
                  Assembly assembly, std::string& out) const;
  bool append_cell(const std::optional<TextColumn>& column, std::size_t row, std::size_t start,
                   std::string& out) const;

  CleaningTables tables_;
  std::vector<Kind> kinds_;  // of the code points of the first plane
  std::size_t longest_open_entity_ = 0;  // of those that need no semicolon
  std::size_t longest_tag_ = 0;
  std::size_t longest_missing_ = 0;
};

}  // namespace jocas
