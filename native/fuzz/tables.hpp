// Tables of characters as odd as Unicode's: letters that disappear, or become many, or a space.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "unicode.hpp"

namespace jocas {

inline std::string fold_for_fuzzing(char32_t c, const std::string& other_ascii) {
  if (c < 0x80) {
    if (c >= 'A' && c <= 'Z') return std::string(1, static_cast<char>(c + ('a' - 'A')));
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    return is_word || other_ascii.empty() ? std::string(1, static_cast<char>(c)) : other_ascii;
  }
  if (c >= 0xD800 && c < 0xE000) return "";
  std::string folded;
  switch (c % 5) {
    case 0: return "";
    case 1: return " ";
    case 2: return "a b\xC3\xA9 cd efg hijk lmnop qrstuv wxyz";
    case 3: return "e";
    default: append(folded, c); return folded;
  }
}

// With what each other ASCII character than of words becomes; empty: itself.
inline std::unique_ptr<FoldTable> make_fold_table(const std::string& other_ascii) {
  return std::make_unique<FoldTable>([other_ascii](std::uint32_t number) {
    FoldPage page;
    for (std::uint32_t i = 0; i < 256; ++i) {
      page.bytes += fold_for_fuzzing(256 * number + i, other_ascii);
      page.starts.at(i + 1) = static_cast<std::uint16_t>(page.bytes.size());
    }
    return page;
  });
}

inline ClassTable::Page make_class_page(std::uint32_t number) {
  ClassTable::Page page{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    const char32_t c = 256 * number + i;
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c > 0x7F && c % 3 != 0);
    page[i] = static_cast<std::uint8_t>((digit || letter ? kWord : 0) | (digit ? kDigit : 0));
  }
  return page;
}

}  // namespace jocas
