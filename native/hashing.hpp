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

template <class Word>
Word load(const char* bytes) {
  Word word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// The last 1 to 16 bytes of a text, or all of them if they are fewer, as two words.
inline std::pair<std::uint64_t, std::uint64_t> load_end(std::string_view text) {
  const std::size_t size = text.size();
  const char* bytes = text.data();
  if (size >= 16) return {load<std::uint64_t>(bytes + size - 16), load<std::uint64_t>(bytes + size - 8)};
  if (size >= 8) return {load<std::uint64_t>(bytes), load<std::uint64_t>(bytes + size - 8)};
  if (size >= 4) return {load<std::uint32_t>(bytes), load<std::uint32_t>(bytes + size - 4)};
  if (size == 0) return {0, 0};
  const auto byte = [&](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(bytes[i])}; };
  return {byte(0) << 16 | byte(size / 2) << 8 | byte(size - 1), 0};
}

inline std::uint64_t hash_text(std::string_view text, std::uint64_t seed = 0) {
  constexpr std::uint64_t kFirst = 0x9E3779B97F4A7C15u, kSecond = 0xC2B2AE3D27D4EB4Fu;
  std::uint64_t state = seed ^ mix(text.size() ^ kFirst, kSecond);
  for (std::size_t i = 0; i + 16 < text.size(); i += 16) {
    const char* bytes = text.data() + i;
    state = mix(load<std::uint64_t>(bytes) ^ kFirst, load<std::uint64_t>(bytes + 8) ^ state);
  }
  const auto [a, b] = load_end(text);
  return mix(kSecond ^ text.size(), mix(a ^ kFirst, b ^ state));
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

inline Key128 hash_text_128(std::string_view text, Key128 seed) {
  return {hash_text(text, seed.low), hash_text(text, seed.high)};
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
