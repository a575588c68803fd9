// Texts as code points.
//
// Invariant: nothing here reads at or past the end of a text, whatever bytes it holds; what is not
// well-formed UTF-8 (truncated, overlong, a surrogate, above U+10FFFF) is told, never guessed at.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace jocas {

struct CodePoint {
  char32_t value;
  std::uint32_t size;  // in bytes; 0 where the bytes are not well-formed
};

constexpr bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// Read the code point at a position inside a text.
inline CodePoint decode(std::string_view text, std::size_t position) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[position + i]); };
  const std::size_t left = text.size() - position;
  const char32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::uint32_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || size > left) return {0, 0};
  char32_t value = first & (0x7Fu >> size);
  for (std::uint32_t i = 1; i < size; ++i) {
    if (!is_continuation(text[position + i])) return {0, 0};
    value = value << 6 | (byte(i) & 0x3Fu);
  }
  const bool overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value < 0xE000;
  if (overlong || surrogate || value > 0x10FFFF) return {0, 0};
  return {value, size};
}

inline void append(std::string& text, char32_t value) {
  const auto put = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xC0 | value >> 6);
    put(0x80 | (value & 0x3F));
  } else if (value < 0x10000) {
    put(0xE0 | value >> 12);
    put(0x80 | (value >> 6 & 0x3F));
    put(0x80 | (value & 0x3F));
  } else {
    put(0xF0 | value >> 18);
    put(0x80 | (value >> 12 & 0x3F));
    put(0x80 | (value >> 6 & 0x3F));
    put(0x80 | (value & 0x3F));
  }
}

inline bool is_valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = decode(text, i);
    if (point.size == 0) return false;
    i += point.size;
  }
  return true;
}

// White space as Python's str.isspace, str.split and \s have it; the same in all its versions.
constexpr bool is_space(char32_t c) {
  if (c < 0x80) return (c >= 9 && c <= 13) || (c >= 28 && c <= 32);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

// Something for each code point, made page by page when a text first holds one of the page.
//
// Whoever makes the pages decides (here: the running Python's own Unicode tables). Threads may
// meet a page at once; each makes it, one is kept.
template <class Page>
class PagedTable {
 public:
  static constexpr std::uint32_t kPageSize = 256;
  using MakePage = std::function<Page(std::uint32_t)>;

  explicit PagedTable(MakePage make) : make_(std::move(make)) {}
  PagedTable(const PagedTable&) = delete;
  PagedTable& operator=(const PagedTable&) = delete;
  ~PagedTable() {
    for (auto& page : pages_) delete page.load();
  }

  // The page of a code point up to U+10FFFF.
  const Page& page_of(char32_t value) const {
    std::atomic<const Page*>& place = pages_.at(value / kPageSize);
    const Page* page = place.load(std::memory_order_acquire);
    return page != nullptr ? *page : make_page(value / kPageSize, place);
  }

 private:
  const Page& make_page(std::uint32_t number, std::atomic<const Page*>& place) const {
    auto made = std::make_unique<const Page>(make_(number));
    const Page* kept = nullptr;
    if (place.compare_exchange_strong(kept, made.get(), std::memory_order_acq_rel)) {
      return *made.release();
    }
    return *kept;
  }

  MakePage make_;
  mutable std::array<std::atomic<const Page*>, 0x110000 / kPageSize> pages_{};
};

// What each code point is replaced by: no, one or several characters.
struct FoldPage {
  std::array<std::uint16_t, 257> starts{};
  std::string bytes;
};

class FoldTable {
 public:
  explicit FoldTable(PagedTable<FoldPage>::MakePage make) : pages_(std::move(make)) {}

  std::string_view operator[](char32_t value) const {
    const FoldPage& page = pages_.page_of(value);
    const std::size_t place = value % 256;
    return std::string_view(page.bytes)
        .substr(page.starts[place], page.starts[place + 1] - std::size_t{page.starts[place]});
  }

 private:
  PagedTable<FoldPage> pages_;
};

// What regular expressions ask of a code point: \w, \d; bits of one byte.
enum CharacterClass : std::uint8_t { kWord = 1, kDigit = 2 };

class ClassTable {
 public:
  using Page = std::array<std::uint8_t, 256>;
  explicit ClassTable(PagedTable<Page>::MakePage make) : pages_(std::move(make)) {}

  std::uint8_t operator[](char32_t value) const { return pages_.page_of(value)[value % 256]; }

 private:
  PagedTable<Page> pages_;
};

}  // namespace jocas
