#include "literals.hpp"

#include <stdexcept>
#include <tuple>

namespace jocas {

namespace {

// Add the bytes that may be read behind a text.
std::string pad(std::string_view bytes) { return std::string(bytes).append(8, '\0'); }

}  // namespace

LiteralFinder::Window::Window(std::size_t window_size)
    : size(window_size), filter{load(pad(std::string(size, '\xFF')).data()), {}} {
  make_room(0);
}

void LiteralFinder::Window::make_room(std::size_t n_keys) {
  std::size_t n_slots = 2;
  while (n_slots < 2 * n_keys) n_slots *= 2;
  slots.assign(n_slots, {0, kNoNode});
}

void LiteralFinder::Window::add(std::uint64_t bytes, std::uint32_t node) {
  filter.add(bytes);
  const std::uint64_t key = bytes & filter.mask;
  std::size_t i = hash(key) >> 32 & (slots.size() - 1);
  while (slots[i].second != kNoNode) i = (i + 1) & (slots.size() - 1);
  slots[i] = {key, node};
}

LiteralFinder::LiteralFinder(const std::vector<Literal>& literals) : longer_(windows_[1].filter) {
  std::vector<Part> parts;
  for (auto [text, window, number] : literals) {
    const std::size_t size = window_size(text.size());
    if (text.size() < size || window > text.size() - size) {
      throw std::invalid_argument("a literal must hold three bytes, and its window");
    }
    std::transform(text.begin(), text.end(), text.begin(), [](char c) { return join_digits(c); });
    parts.push_back({text.substr(0, window), text.substr(window), size, number});
  }
  std::sort(parts.begin(), parts.end(), [](const Part& left, const Part& right) {
    return std::tie(left.window_size, left.rest) < std::tie(right.window_size, right.rest);
  });
  std::vector<Branch> branches;
  for (const Part& part : parts) {
    const std::size_t size = part.window_size;
    const bool is_same = !branches.empty() && branches.back().n_same == size &&
                         part.rest.compare(0, size, branches.back().begin->rest, 0, size) == 0;
    if (!is_same) branches.push_back({&part, &part, size});
    ++branches.back().end;
  }
  add_windows(branches);
  add_nodes(std::move(branches));
}

// Add the windows of branches, and the numbers that their nodes will have.
void LiteralFinder::add_windows(const std::vector<Branch>& branches) {
  for (Window& window : windows_) {
    window.make_room(branches.size());
    for (std::size_t i = 0; i < branches.size(); ++i) {
      if (branches[i].n_same != window.size) continue;
      const std::uint64_t bytes = load(pad(branches[i].begin->rest).data());
      window.add(bytes, static_cast<std::uint32_t>(i));
      if (window.size > kShortest) longer_.add(bytes);
    }
  }
}

// Make a node of each branch, and of those that it parts into.
void LiteralFinder::add_nodes(std::vector<Branch> branches) {
  const auto count = [](const auto& values) { return static_cast<std::uint32_t>(values.size()); };
  for (std::size_t i = 0; i < branches.size(); ++i) {
    auto [begin, end, n_same] = branches[i];
    nodes_.push_back({count(chains_), count(edges_), count(endings_)});
    // Parts are sorted: what the first and the last share, all do.
    while (n_same < begin->rest.size() && begin->rest[n_same] == (end - 1)->rest[n_same]) {
      chains_.push_back(begin->rest[n_same++]);
    }
    for (; begin != end && begin->rest.size() == n_same; ++begin) {
      endings_.push_back({begin->before, begin->number});
    }
    while (begin != end) {
      const char byte = begin->rest[n_same];
      const Part* next = begin;
      while (next != end && next->rest[n_same] == byte) ++next;
      edges_.push_back({byte, count(branches)});
      branches.push_back({begin, next, n_same + 1});
      begin = next;
    }
  }
  nodes_.push_back({count(chains_), count(edges_), count(endings_)});
}

}  // namespace jocas
