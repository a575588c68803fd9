// Columns of texts in Arrow's layout: read without a copy, and built.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace jocas {

// A column that somebody else owns. Invariant: `offsets` holds offset + size + 1 entries, which
// never fall; Arrow's arrays keep it.
class TextColumn {
 public:
  TextColumn(const std::int32_t* narrow, const std::int64_t* wide, const char* bytes,
             const std::uint8_t* validity, std::int64_t offset, std::int64_t size)
      : narrow_(narrow), wide_(wide), bytes_(bytes), validity_(validity), offset_(offset),
        size_(static_cast<std::size_t>(size)) {}

  std::size_t size() const { return size_; }

  bool is_null(std::size_t row) const {
    if (validity_ == nullptr) return false;
    const std::size_t place = row + static_cast<std::size_t>(offset_);
    return (validity_[place / 8] >> (place % 8) & 1) == 0;
  }

  // The text of a row below size(); empty where it is null.
  std::string_view operator[](std::size_t row) const {
    if (is_null(row)) return {};
    const std::size_t place = row + static_cast<std::size_t>(offset_);
    const std::int64_t start = wide_ != nullptr ? wide_[place] : narrow_[place];
    const std::int64_t end = wide_ != nullptr ? wide_[place + 1] : narrow_[place + 1];
    return {bytes_ + start, static_cast<std::size_t>(end - start)};
  }

 private:
  const std::int32_t* narrow_;  // offsets of a `string` array; null for a `large_string` one
  const std::int64_t* wide_;
  const char* bytes_;
  const std::uint8_t* validity_;  // a bit a row, or null where every row is valid
  std::int64_t offset_;
  std::size_t size_;
};

// A column under construction: texts one after the other.
struct TextBuilder {
  std::vector<std::int64_t> offsets{0};
  std::string bytes;

  void end_row() { offsets.push_back(static_cast<std::int64_t>(bytes.size())); }
};

}  // namespace jocas
