// A set of whole numbers below some bound, listed in increasing order.
//
// Invariant: a bit of `groups_` for each number that is there, a bit of `summary_` for each group
// that is not 0.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "bytes.hpp"

namespace jocas {

class Marks {
 public:
  explicit Marks(std::size_t bound) : groups_(bound / 64 + 1), summary_(groups_.size() / 64 + 1) {}

  void add(std::size_t number) {
    groups_[number / 64] |= std::uint64_t{1} << (number % 64);
    summary_[number / 4096] |= std::uint64_t{1} << (number / 64 % 64);
  }

  // Write the numbers, of which there are `most` at most, and forget them.
  void take_all(std::size_t most, std::vector<std::int32_t>& numbers) {
    numbers.resize(most + 2);
    std::size_t n = 0;
    for (std::size_t i = 0; i < summary_.size(); ++i) {
      for (std::uint64_t left = std::exchange(summary_[i], 0); left != 0; left &= left - 1) {
        const std::size_t group = 64 * i + count_trailing_zeros(left);
        std::uint64_t marks = std::exchange(groups_[group], 0);
        const auto put = [&](std::size_t place) {
          const std::uint32_t bit = count_trailing_zeros(marks | kLast);  // of 0, any
          numbers[place] = static_cast<std::int32_t>(64 * group + bit);
          marks &= marks - 1;
        };
        // Most groups have one number or two, as often as not: a branch would be guessed wrong.
        put(n++);
        const bool has_second = marks != 0;
        put(n);
        n += has_second;
        while (marks != 0) put(n++);
      }
    }
    numbers.resize(n);
  }

 private:
  static constexpr std::uint64_t kLast = std::uint64_t{1} << 63;

  std::vector<std::uint64_t> groups_, summary_;
};

}  // namespace jocas
