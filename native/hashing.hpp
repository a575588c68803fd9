// Hashes of texts, and small tables that are looked up by them.
//
// Invariant: no table relies on a hash alone where a wrong answer could follow, but for
// `BoundedCache`, whose keys are 128 bits under a seed that nobody knows.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "bytes.hpp"

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace jocas {

// Multiply to 128 bits and fold the halves onto each other.
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
#if defined(__SIZEOF_INT128__)
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
#else
  return (a * b) ^ __umulh(a, b);
#endif
}

// The first 16 bytes of a text, zeros where it is shorter: all there is of most words.
struct Head {
  std::uint64_t first = 0, second = 0;
  bool operator==(const Head& other) const { return first == other.first && second == other.second; }
};

// How many bytes may be read, whatever they are, after a text that `load_padded_head` takes.
constexpr std::size_t kPadding = 16;

// The head of a text that lies in a buffer with padding: at least 16 bytes can be read there.
inline Head load_padded_head(std::string_view text) {
  const auto keep = [](std::uint64_t word, std::size_t n_bytes) {
    return n_bytes >= 8 ? word : word & ((std::uint64_t{1} << (8 * n_bytes)) - 1);
  };
  const std::size_t size = text.size();
  return {keep(load_little_endian(text.data()), size),
          keep(load_little_endian(text.data() + 8), size < 8 ? 0 : size - 8)};
}

inline Head load_head(std::string_view text) {
  if (text.size() >= kPadding) return load_padded_head(text);
  char padded[kPadding] = {};
  if (!text.empty()) std::memcpy(padded, text.data(), text.size());
  return load_padded_head({padded, text.size()});
}

constexpr std::uint64_t kFirstFactor = 0x9E3779B97F4A7C15u, kSecondFactor = 0xC2B2AE3D27D4EB4Fu;

// Call add(first, second) for each 16 bytes behind the head; the last ones may come twice.
template <class Add>
void for_each_rest(std::string_view text, const Add& add) {
  for (std::size_t i = 16; i < text.size(); i += 16) {
    const char* bytes = text.data() + (i + 16 <= text.size() ? i : text.size() - 16);
    add(load_little_endian(bytes), load_little_endian(bytes + 8));
  }
}

// A hash for tables that compare the texts as well.
inline std::uint64_t hash_text(std::string_view text, const Head& head) {
  std::uint64_t state = mix(head.first ^ kFirstFactor, head.second ^ (kSecondFactor + text.size()));
  for_each_rest(text, [&](std::uint64_t first, std::uint64_t second) {
    state = mix(first ^ kFirstFactor, second ^ state);
  });
  return state;
}

inline std::uint64_t hash_text(std::string_view text) {
  return hash_text(text, load_head(text));
}

struct Key128 {
  std::uint64_t low, high;
  bool operator==(const Key128& other) const { return low == other.low && high == other.high; }
};

// A seed that nobody knows.
inline Key128 make_seed() {
  std::random_device random;
  const auto draw = [&] { return std::uint64_t{random()} << 32 | random(); };
  return {draw(), draw()};
}

// Two hashes under two seeds, side by side, as each waits for its own state.
inline Key128 hash_text_128(std::string_view text, Key128 seed) {
  const Head head = load_head(text);
  // The seed is in both factors: else a text could make one of them 0, and hide the other.
  const std::uint64_t low_factor = kFirstFactor ^ seed.low * kSecondFactor;
  const std::uint64_t high_factor = kFirstFactor ^ seed.high * kSecondFactor;
  std::uint64_t low = mix(head.first ^ low_factor, head.second ^ kSecondFactor ^ seed.low);
  std::uint64_t high = mix(head.first ^ high_factor, head.second ^ kSecondFactor ^ seed.high);
  for_each_rest(text, [&](std::uint64_t first, std::uint64_t second) {
    low = mix(first ^ low_factor, second ^ low);
    high = mix(first ^ high_factor, second ^ high);
  });
  return {mix(low ^ text.size(), kSecondFactor ^ seed.low),
          mix(high ^ text.size(), kSecondFactor ^ seed.high)};
}

inline void prefetch([[maybe_unused]] const void* address) {
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(address);
#endif
}

// The smallest power of two that is not below n.
inline std::size_t round_up_to_power(std::size_t n) {
  std::size_t power = 16;
  while (power < n) power *= 2;
  return power;
}

// Numbers for texts met before, each a place for what is known of the text. A newer text takes the
// place of an older one, so that memory is bounded.
class BoundedCache {
 public:
  BoundedCache(std::size_t n_places, Key128 seed) : seed_(seed), slots_(round_up_to_power(n_places)) {}

  std::size_t size() const { return slots_.size(); }

  Key128 key_of(std::string_view text) const { return hash_text_128(text, seed_); }

  std::size_t place_of(Key128 key) const { return key.low & (slots_.size() - 1); }

  void prefetch_place(Key128 key) const { prefetch(&slots_[place_of(key)]); }

  // The place of a text, and whether it is the text's already; if not, it is from now on.
  std::pair<std::size_t, bool> find(Key128 key) {
    const std::size_t place = place_of(key);
    Slot& slot = slots_[place];
    const bool known = slot.filled && slot.key == key;
    slot = {key, true};
    return {place, known};
  }

  // What is known of the text at a place is no use.
  void forget(std::size_t place) { slots_[place].filled = false; }

 private:
  struct Slot {
    Key128 key{0, 0};
    bool filled = false;
  };
  Key128 seed_;
  std::vector<Slot> slots_;
};

}  // namespace jocas
