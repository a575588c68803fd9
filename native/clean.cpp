#include "clean.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "bytes.hpp"
#include "unicode.hpp"

namespace jocas {

namespace {

constexpr std::size_t kNone = std::string_view::npos;
constexpr char32_t kReplacement = 0xFFFD;
constexpr int kMaxPasses = 20;
// "&#" and as many digits stand for no character, whatever they are.
constexpr std::size_t kHugeNumberDigits = 10;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

bool holds(std::string_view text, char c) { return text.find(c) != kNone; }

// How many of the next bytes, a block at most, are plain French: visible ASCII, single spaces,
// letters such as é. Looks at the bytes around them, too.
constexpr std::size_t kBlockSize = 16;
constexpr std::uint8_t kLatinLetters = 0xC3;  // first byte of U+00C0 to U+00FF
std::size_t count_plain(std::string_view text, std::size_t position) {
  if (position == 0 || text.size() - position <= kBlockSize) return 0;
  const char* bytes = text.data() + position - 1;
  std::array<char, kBlockSize> odd;
  for (std::size_t i = 0; i < kBlockSize; ++i) {
    // No branch, and bytes alone: compilers do all of them in one step.
    const auto before = static_cast<std::uint8_t>(bytes[i]);
    const auto byte = static_cast<std::uint8_t>(bytes[i + 1]);
    const auto after = static_cast<std::uint8_t>(bytes[i + 2]);
    const bool is_ascii = (byte > ' ') & (byte <= '~');
    const bool is_space = (byte == ' ') & (before != ' ');
    const bool is_start = (byte == kLatinLetters) & (after >= 0x80) & (after < 0xC0);
    const bool is_end = (byte >= 0x80) & (byte < 0xC0) & (before == kLatinLetters);
    odd[i] = static_cast<char>(!(is_ascii | is_space | is_start | is_end));
  }
  static_assert(kBlockSize == 16);
  return count_until(load_little_endian(odd.data()), load_little_endian(odd.data() + 8));
}

// Whether a text continues with what is given, in lower case.
bool continues_with(std::string_view text, std::size_t position, std::string_view given) {
  const std::string_view next = text.substr(position, given.size());
  return std::equal(given.begin(), given.end(), next.begin(), next.end(),
                    [](char a, char b) { return a == lower(b); });
}

// The value of a digit, 16 where it is none.
std::uint32_t to_value(char c) {
  if (is_digit(c)) return static_cast<std::uint32_t>(c - '0');
  const char letter = lower(c);
  return letter >= 'a' && letter <= 'f' ? static_cast<std::uint32_t>(letter - 'a' + 10) : 16;
}

bool is_noncharacter(char32_t value) {
  return (value >= 0xFDD0 && value <= 0xFDEF) || (value & 0xFFFE) == 0xFFFE;
}

// Line breaks that are written out, "/r/n"; in an address they are part of it.
bool holds_written_breaks(std::string_view text) {
  return text.find("/r/n") != kNone || text.find("\\r\\n") != kNone;
}

std::size_t find_end_of_word(std::string_view text, std::size_t position) {
  while (position < text.size()) {
    const CodePoint point = decode(text, position);
    if (point.size == 0 || is_space(point.value)) break;
    position += point.size;
  }
  return position;
}

// Where the address that starts at a position ends; the position itself where none does.
std::size_t find_end_of_address(std::string_view text, std::size_t position) {
  const std::string_view rest = text.substr(position);
  for (const std::string_view start : {"http://", "https://", "www."}) {
    if (rest.substr(0, start.size()) != start) continue;
    const std::size_t end = find_end_of_word(text, position + start.size());
    return end > position + start.size() ? end : position;
  }
  return position;
}

bool replace_written_breaks(std::string& text) {
  if (!holds_written_breaks(text)) return false;
  constexpr std::size_t kSize = 4;
  std::string out;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view next = std::string_view(text).substr(i, kSize);
    if (next == "/r/n" || next == "\\r\\n") {
      out.append(text, copied, i - copied).push_back('\n');
      i = copied = i + kSize;
    } else {
      i = std::max(i + 1, find_end_of_address(text, i));
    }
  }
  const bool changed = copied > 0;
  out.append(text, copied);
  text = std::move(out);
  return changed;
}

// Where "amp;amp;#38;" ends: an ampersand that was escaped again and again.
std::size_t skip_repeated_ampersand(std::string_view text, std::size_t position) {
  for (std::size_t before = kNone; before != position;) {
    before = position;
    for (const std::string_view again : {"amp;", "#38;", "#x26;"}) {
      if (continues_with(text, position, again)) position += again.size();
    }
  }
  return position;
}

std::size_t find_longest(const std::vector<std::string>& names) {
  std::size_t longest = 0;
  for (const std::string& name : names) longest = std::max(longest, name.size());
  return longest;
}

bool is_among(const std::vector<std::string>& sorted, std::string_view name) {
  return std::binary_search(sorted.begin(), sorted.end(), name);
}

// The text without the white space around it.
std::string_view strip(std::string_view text) {
  while (!text.empty()) {
    const CodePoint first = decode(text, 0);
    if (first.size == 0 || !is_space(first.value)) break;
    text.remove_prefix(first.size);
  }
  while (!text.empty()) {
    std::size_t start = text.size() - 1;
    while (start > 0 && text.size() - start < 4 && is_continuation(text[start])) --start;
    const CodePoint last = decode(text, start);
    if (start + last.size != text.size() || !is_space(last.value)) break;
    text.remove_suffix(last.size);
  }
  return text;
}

}  // namespace

Cleaner::Cleaner(CleaningTables tables) : tables_(std::move(tables)), kinds_(0x10000, kWord) {
  for (char32_t value = 0; value < kinds_.size(); ++value) {
    if (is_space(value)) kinds_[value] = kOtherSpace;
  }
  kinds_[' '] = kSpace;
  kinds_['\n'] = kBreak;
  for (const auto& [value, replacement] : tables_.characters) {
    if (value >= kinds_.size()) throw std::invalid_argument("odd characters lie below U+10000");
    if (value == '\n') continue;
    kinds_[value] = replacement == " "    ? kSpaceInstead
                    : replacement == "\n" ? kBreakInstead
                                          : kOtherInstead;
  }
  for (char32_t value = 0; value < kinds_.size(); ++value) {
    const bool is_plain = (value > ' ' && value <= '~') || (value >= 0xC0 && value <= 0xFF);
    if (is_plain && kinds_[value] != kWord) {
      throw std::invalid_argument("plain characters stand for themselves");
    }
  }
  for (const auto& [name, value] : tables_.entities) {
    const std::size_t size = name.size() - (!name.empty() && name.back() == ';');
    if (!std::all_of(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(size),
                     [](char c) { return is_letter(c) || is_digit(c); })) {
      throw std::invalid_argument("names of entities hold letters and digits alone");
    }
    if (size == name.size()) longest_open_entity_ = std::max(longest_open_entity_, size);
  }
  for (Names* names : {&tables_.block_tags, &tables_.inline_tags, &tables_.hidden_tags}) {
    std::sort(names->begin(), names->end());
    longest_tag_ = std::max(longest_tag_, find_longest(*names));
  }
  std::sort(tables_.missing.begin(), tables_.missing.end());
  longest_missing_ = find_longest(tables_.missing);
}

bool Cleaner::clean(std::string_view raw, std::string& out) const {
  // Nearly all texts are plain: white space is all that there is to settle.
  if (!holds_references(raw) && !holds(raw, '<') && !holds_written_breaks(raw) &&
      settle(raw, out)) {
    return true;
  }
  std::string text;
  return replace_odd_characters(raw, text) && remove_mark_up(text) && settle(text, out);
}

// Repeat until nothing changes: a tag may hide an entity, and an entity a tag. What changes a text
// makes it shorter, so that it never comes back to what it was.
bool Cleaner::remove_mark_up(std::string& text) const {
  replace_written_breaks(text);
  bool changed = true;
  for (int pass = 0; changed && pass < kMaxPasses; ++pass) {
    changed = false;
    if (holds(text, '&')) {
      changed |= resolve_references(text);
      changed |= replace_written_breaks(text);
    }
    if (holds(text, '<')) {
      if (may_hold_hidden_tags(text)) return false;
      changed |= replace_tags(text, tables_.block_tags, '\n');
      changed |= replace_tags(text, tables_.inline_tags, ' ');
      changed |= replace_written_breaks(text);
    }
  }
  if (changed) {
    // Nested deeper than anything but an attack: nothing in it opens mark-up any more.
    std::replace(text.begin(), text.end(), '&', ' ');
    std::replace(text.begin(), text.end(), '<', ' ');
    replace_written_breaks(text);
  }
  return true;
}

Cleaner::Unit Cleaner::read(std::string_view text, std::size_t position) const {
  const auto byte = static_cast<unsigned char>(text[position]);
  if (byte < 0x80) return {kinds_[byte], 1};
  const CodePoint point = decode(text, position);
  if (point.size == 0) return {kIllFormed, 1};
  return {point.value < kinds_.size() ? kinds_[point.value] : kWord, point.size};
}

void Cleaner::append_character(std::string& out, char32_t value) const {
  const auto found = tables_.characters.find(value);
  if (found != tables_.characters.end()) {
    out += found->second;
  } else {
    append(out, value);
  }
}

// Append a text with one space or one line break between words; false, with nothing appended,
// where it holds a character to be replaced by something else.
bool Cleaner::settle(std::string_view text, std::string& out) const {
  const std::size_t start = out.size();
  char gap = '\0';
  for (std::size_t i = 0; i < text.size();) {
    const Unit unit = read(text, i);
    if (unit.kind == kWord) {
      const std::size_t end = find_end_of_words(text, i + unit.size);
      if (gap != '\0' && out.size() > start) out.push_back(gap);
      gap = '\0';
      out.append(text, i, end - i);
      i = end;
    } else if (unit.kind == kOtherInstead || unit.kind == kIllFormed) {
      out.resize(start);
      return false;
    } else {
      if (gap != '\n') gap = unit.kind == kBreak || unit.kind == kBreakInstead ? '\n' : ' ';
      i += unit.size;
    }
  }
  return true;
}

// Where the words end that a position is in, with single spaces between them.
std::size_t Cleaner::find_end_of_words(std::string_view text, std::size_t position) const {
  static_assert(kWord + kSpace == kSpace && kSpace + kSpace == kOtherSpace);
  Kind before = kWord;
  while (position < text.size()) {
    const std::size_t start = position;
    for (std::size_t n = kBlockSize; n == kBlockSize; position += n) n = count_plain(text, position);
    if (position > start) {
      position -= static_cast<std::uint8_t>(text[position - 1]) == kLatinLetters;
      before = text[position - 1] == ' ' ? kSpace : kWord;
    }
    const Unit unit = read(text, position);
    if (before + unit.kind > kSpace) break;
    before = unit.kind;
    position += unit.size;
  }
  return position - (before == kSpace);
}

// Append a text with its odd characters replaced; false where it is not UTF-8.
bool Cleaner::replace_odd_characters(std::string_view text, std::string& out) const {
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Unit unit = read(text, i);
    if (unit.kind == kIllFormed) return false;
    if (unit.kind >= kSpaceInstead) {
      out.append(text, copied, i - copied);
      append_character(out, decode(text, i).value);
      copied = i + unit.size;
    }
    i += unit.size;
    if (unit.kind == kWord) i = find_end_of_words(text, i);
  }
  out.append(text, copied);
  return true;
}

// Resolve the character references of a text, as html.unescape does.
bool Cleaner::resolve_references(std::string& text) const {
  std::string out;
  std::size_t copied = 0;
  bool changed = false;
  for (std::size_t i = text.find('&'); i != kNone; i = text.find('&', copied)) {
    out.append(text, copied, i - copied);
    const std::size_t start = skip_repeated_ampersand(text, i + 1);
    copied = start + append_reference(text, start, out);
    if (copied == start) out.push_back('&');
    changed = changed || copied > i + 1;
  }
  out.append(text, copied);
  text = std::move(out);
  return changed;
}

// Whether any ampersand is more than itself, in a text whose odd characters are white space alone.
bool Cleaner::holds_references(std::string_view text) const {
  std::string unused;
  for (std::size_t i = text.find('&'); i != kNone; i = text.find('&', i + 1)) {
    const std::size_t start = skip_repeated_ampersand(text, i + 1);
    if (start > i + 1 || append_reference(text, start, unused) > 0) return true;
  }
  return false;
}

// Append what a reference stands for; return its size, 0 where there is none.
std::size_t Cleaner::append_reference(std::string_view text, std::size_t position,
                                      std::string& out) const {
  if (position < text.size() && text[position] == '#') return append_number(text, position, out);
  std::size_t end = position;
  while (end < text.size() && (is_letter(text[end]) || is_digit(text[end]))) ++end;
  std::size_t size = end - position + (end < text.size() && text[end] == ';');
  // The longest name that the text starts with; those of one letter do not count.
  while (size > 1) {
    const auto found = tables_.entities.find(text.substr(position, size));
    if (found != tables_.entities.end()) {
      out += found->second;
      return size;
    }
    size = std::min(size - 1, longest_open_entity_);
  }
  return 0;
}

std::size_t Cleaner::append_number(std::string_view text, std::size_t position,
                                   std::string& out) const {
  std::size_t i = position + 1;
  const bool is_hexadecimal = i < text.size() && lower(text[i]) == 'x';
  const std::uint32_t base = is_hexadecimal ? 16 : 10;
  constexpr char32_t kTooLarge = 0x110000;
  i += is_hexadecimal;
  const std::size_t first = i;
  char32_t value = 0;
  for (; i < text.size() && to_value(text[i]) < base; ++i) {
    value = std::min<char32_t>(value * base + to_value(text[i]), kTooLarge);
  }
  if (i == first) return 0;
  if (!is_hexadecimal && i - first >= kHugeNumberDigits) value = kTooLarge;
  if (i < text.size() && text[i] == ';') ++i;
  if (value < tables_.numbers.size()) {
    out += tables_.numbers[value];
  } else if (value >= kTooLarge || (value >= 0xD800 && value < 0xE000)) {
    append(out, kReplacement);
  } else if (!is_noncharacter(value)) {
    append_character(out, value);
  }
  return i - position;
}

// What stands where the name of a tag does, after "<" or "</"; cut where no tag has so long a name.
std::string_view Cleaner::find_name(std::string_view text, std::size_t opening) const {
  std::size_t start = opening + 1;
  if (start < text.size() && text[start] == '/') ++start;
  std::size_t end = start;
  while (end < text.size() && end - start <= longest_tag_) {
    const CodePoint point = decode(text, end);
    if (point.size == 0 || is_space(point.value) || point.value == '/' || point.value == '<' ||
        point.value == '>') {
      break;
    }
    end += point.size;
  }
  return text.substr(start, end - start);
}

// Comments, scripts and styles are hidden, with what is in them.
bool Cleaner::may_hold_hidden_tags(std::string_view text) const {
  for (std::size_t i = text.find('<'); i != kNone; i = text.find('<', i + 1)) {
    const std::string_view name = find_name(text, i);
    if (continues_with(name, 0, "!--")) return true;
    for (const std::string& hidden : tables_.hidden_tags) {
      if (continues_with(name, 0, hidden)) return true;
    }
  }
  return false;
}

bool Cleaner::replace_tags(std::string& text, const Names& names, char replacement) const {
  std::string out;
  std::size_t copied = 0;
  for (std::size_t i = text.find('<'); i != kNone; i = text.find('<', i + 1)) {
    const std::size_t end = find_end_of_tag(text, i, names);
    if (end == kNone) continue;
    out.append(text, copied, i - copied).push_back(replacement);
    copied = end;
  }
  if (copied == 0) return false;
  out.append(text, copied);
  text = std::move(out);
  return true;
}

std::size_t Cleaner::find_end_of_tag(std::string_view text, std::size_t opening,
                                     const Names& names) const {
  const std::string_view raw = find_name(text, opening);
  std::string name(raw);
  std::transform(name.begin(), name.end(), name.begin(), lower);
  if (!is_among(names, name)) return kNone;
  const auto after = static_cast<std::size_t>(raw.data() + raw.size() - text.data());
  const std::size_t closing = text.find_first_of("<>", after);
  return closing != kNone && text[closing] == '>' ? closing + 1 : kNone;
}

bool Cleaner::is_missing(std::string_view raw) const {
  const std::string_view text = strip(raw);
  return text.size() <= longest_missing_ && is_among(tables_.missing, text);
}

AssembledTexts Cleaner::assemble(const std::vector<std::optional<TextColumn>>& columns,
                                 std::size_t n_rows, Assembly assembly, std::string room) const {
  std::size_t n_raw_bytes = 0;
  for (const auto& column : columns) {
    if (!column) continue;
    if (column->size() != n_rows) {
      throw std::invalid_argument("the columns must have as many rows as there are offers");
    }
    for (std::size_t row = 0; row < n_rows; ++row) n_raw_bytes += (*column)[row].size();
  }
  AssembledTexts assembled;
  assembled.texts.offsets.reserve(n_rows + 1);
  std::string& bytes = assembled.texts.bytes;
  if (room.capacity() >= n_raw_bytes) {
    bytes = std::move(room);
    bytes.clear();
  } else {
    // Growing step by step, it would be copied again and again. The next texts may be some longer.
    bytes.reserve(n_raw_bytes + n_raw_bytes / 8);
  }
  for (std::size_t row = 0; row < n_rows; ++row) {
    const std::size_t start = bytes.size();
    if (!append_row(columns, row, assembly, bytes)) {
      bytes.resize(start);
      assembled.unsure.push_back(static_cast<std::int64_t>(row));
    }
    assembled.texts.end_row();
  }
  return assembled;
}

bool Cleaner::append_row(const std::vector<std::optional<TextColumn>>& columns, std::size_t row,
                         Assembly assembly, std::string& out) const {
  const std::size_t start = out.size();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::size_t before = out.size();
    if (!append_cell(columns[i], row, start, out)) return false;
    const bool is_full = assembly == Assembly::kFullElseParts && i == 1;
    if (is_full && out.size() > before) break;
  }
  return true;
}

// Append a cell to a row, on a line of its own; false where it is unsure.
bool Cleaner::append_cell(const std::optional<TextColumn>& column, std::size_t row,
                          std::size_t start, std::string& out) const {
  if (!column || is_missing((*column)[row])) return true;
  const std::size_t before = out.size();
  if (before > start) out.push_back('\n');
  const std::size_t cell = out.size();
  if (!clean((*column)[row], out)) return false;
  if (out.size() == cell) out.resize(before);
  return true;
}

}  // namespace jocas
