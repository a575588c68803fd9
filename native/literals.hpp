// Many short texts found in a longer one. The digits 0 to 9 count as one and the same character.
//
// Three, five or eight bytes of each literal are its window. A first look at tables of bits, which
// stay in the processor's nearest cache, tells where in the text windows may be; there, a second
// look tells which, and a tree of what follows them is walked. No step of the first look waits
// for the one before it, as those of an automaton would.
//
// Invariant: windows, walks and what is compared before them stay inside the text.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace jocas {

class LiteralFinder {
 public:
  struct Literal {
    std::string text;      // of three bytes at least
    std::size_t window;    // where it starts, best where the text is rarest
    std::uint32_t number;  // that stands for the text; others may share it
  };
  // What one thread needs; it may go from text to text.
  struct Scratch {
    std::string bytes;
    std::vector<std::size_t> places;
  };

  explicit LiteralFinder(const std::vector<Literal>& literals);

  static constexpr std::size_t kShortest = 3;
  static constexpr std::size_t window_size(std::size_t length) {
    return length >= 8 ? 8 : length >= 5 ? 5 : kShortest;
  }

  // Tell the numbers of the literals that are in the text, each once or more.
  template <class OnFound>
  void find(std::string_view text, Scratch& scratch, OnFound&& on_found) const {
    const std::string_view plain = join_digits(text, scratch.bytes);
    const std::size_t n_places = find_places(plain, scratch.places);
    for (std::size_t k = 0; k < n_places; ++k) {
      const std::size_t place = scratch.places[k];
      const std::uint64_t bytes = load(plain.data() + place);
      const auto& [shortest, middle, longest] = windows_;
      const bool is_shortest = shortest.filter.may_have(bytes);
      const bool is_middle = middle.filter.may_have(bytes);
      const bool is_longest = longest.filter.may_have(bytes);
      if (!(is_shortest | is_middle | is_longest)) continue;
      if (is_shortest) walk(shortest, plain, place, bytes, on_found);
      if (is_middle) walk(middle, plain, place, bytes, on_found);
      if (is_longest) walk(longest, plain, place, bytes, on_found);
    }
  }

 private:
  static constexpr std::uint32_t kNoNode = static_cast<std::uint32_t>(-1);

  static constexpr std::uint64_t hash(std::uint64_t key) { return key * 0x9E3779B97F4A7C15u; }

  // Says of each key that it may be there, of most others that they are not.
  struct Filter {
    std::uint64_t mask;  // of the bytes that count
    std::array<std::uint64_t, 512> bits{};

    bool may_have(std::uint64_t bytes) const {
      const std::uint64_t place = hash(bytes & mask) >> 49;
      return (bits[place / 64] >> place % 64 & 1) != 0;
    }
    void add(std::uint64_t bytes) {
      const std::uint64_t place = hash(bytes & mask) >> 49;
      bits[place / 64] |= std::uint64_t{1} << place % 64;
    }
  };

  // Windows of one size, and the nodes that they lead to.
  struct Window {
    std::size_t size;
    Filter filter;
    std::vector<std::pair<std::uint64_t, std::uint32_t>> slots;  // never all taken

    explicit Window(std::size_t window_size);
    void make_room(std::size_t n_keys);
    void add(std::uint64_t bytes, std::uint32_t node);
    // kNoNode where there is none.
    std::uint32_t find(std::uint64_t bytes) const {
      const std::uint64_t key = bytes & filter.mask;
      for (std::size_t i = hash(key) >> 32;; ++i) {
        const auto& [found, node] = slots[i & (slots.size() - 1)];
        if (node == kNoNode || found == key) return node;
      }
    }
  };

  // What each literal of a tree goes on with, up to where one ends or two of them part.
  struct Node {
    std::uint32_t chain, edges, endings;  // where its own begin; the next node's begin at their end
  };
  struct Edge {
    char byte;
    std::uint32_t node;
  };
  // A literal that ends at a node, if this is before its window.
  struct Ending {
    std::string before;
    std::uint32_t number;
  };

  // A literal cut at its window.
  struct Part {
    std::string before, rest;
    std::size_t window_size;
    std::uint32_t number;
  };
  // Parts of which the rest starts with the same bytes.
  struct Branch {
    const Part *begin, *end;
    std::size_t n_same;
  };

  static constexpr char join_digits(char byte) { return '0' <= byte && byte <= '9' ? '0' : byte; }

  // Copy a text to where eight bytes may be read from each place of it.
  static std::string_view join_digits(std::string_view text, std::string& copy) {
    copy.resize(text.size() + sizeof(std::uint64_t));
    char* const bytes = copy.data();
    for (std::size_t i = 0; i < text.size(); ++i) bytes[i] = join_digits(text[i]);
    return {bytes, text.size()};
  }

  static std::uint64_t load(const char* bytes) {
    std::uint64_t value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }

  // Find where windows may be, with no branch that could be foreseen wrongly.
  std::size_t find_places(std::string_view text, std::vector<std::size_t>& places) const {
    if (places.size() < text.size()) places.resize(text.size());
    std::size_t n_places = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::uint64_t bytes = load(text.data() + i);
      places[n_places] = i;
      const bool shortest = windows_[0].filter.may_have(bytes);
      const bool longer = longer_.may_have(bytes);
      n_places += static_cast<std::size_t>(shortest) | static_cast<std::size_t>(longer);
    }
    return n_places;
  }

  // Tell the numbers of the literals whose window, of some size, is at a place.
  template <class OnFound>
  void walk(const Window& window, std::string_view text, std::size_t place, std::uint64_t bytes,
            OnFound& on_found) const {
    if (place + window.size > text.size()) return;
    std::uint32_t node = window.find(bytes);
    const std::string_view before = text.substr(0, place);
    const std::string_view chains = chains_;
    place += window.size;
    while (node != kNoNode) {
      const Node& here = nodes_[node];
      const Node& next = nodes_[node + 1];
      const std::string_view chain = chains.substr(here.chain, next.chain - here.chain);
      if (text.compare(place, chain.size(), chain) != 0) return;
      place += chain.size();
      for (std::uint32_t k = here.endings; k < next.endings; ++k) {
        if (ends_with(before, endings_[k].before)) on_found(endings_[k].number);
      }
      if (place == text.size()) return;
      node = kNoNode;
      for (std::uint32_t k = here.edges; k < next.edges; ++k) {
        if (edges_[k].byte == text[place]) node = edges_[k].node;
      }
      ++place;
    }
  }

  static bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
  }

  void add_windows(const std::vector<Branch>& branches);
  void add_nodes(std::vector<Branch> branches);

  std::array<Window, 3> windows_{Window(kShortest), Window(5), Window(8)};
  Filter longer_;  // the first five bytes of the longer windows
  std::vector<Node> nodes_;  // and one that is none, for where the last one's end
  std::string chains_;
  std::vector<Edge> edges_;
  std::vector<Ending> endings_;
};

}  // namespace jocas
