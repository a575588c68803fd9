// Eight bytes at a time, as a whole number whose lowest byte is the first one.
//
// Invariant: what is computed of a byte does not depend on the others.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace jocas {

constexpr std::uint64_t repeat_byte(std::uint8_t byte) { return byte * 0x0101010101010101u; }

// Set in bytes that are not ASCII.
constexpr std::uint64_t kHighBits = repeat_byte(0x80);

inline std::uint64_t to_little_endian(std::uint64_t word) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  return __builtin_bswap64(word);
#else
  return word;
#endif
}

inline std::uint64_t load_little_endian(const char* bytes) {
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return to_little_endian(word);
}

// How many of the lowest bits are 0; at least one is not.
inline std::uint32_t count_trailing_zeros(std::uint64_t bits) {
#if defined(_MSC_VER) && !defined(__clang__)
  unsigned long n = 0;
  _BitScanForward64(&n, bits);
  return n;
#else
  return static_cast<std::uint32_t>(__builtin_ctzll(bits));
#endif
}

// How many of sixteen bytes come before the first of which a bit is set, given eight and eight.
inline std::size_t count_until(std::uint64_t first, std::uint64_t second) {
  if (first != 0) return count_trailing_zeros(first) / 8;
  return 8 + (second != 0 ? count_trailing_zeros(second) / 8 : 8);
}

// Eight bytes that are 0 or 1 as eight bits.
constexpr std::uint64_t gather(std::uint64_t flags) { return flags * 0x0102040810204080u >> 56; }

}  // namespace jocas
