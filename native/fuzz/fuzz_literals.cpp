// Literals are found where a plain search finds them. Lines: the text, then literals.
#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "literals.hpp"
#include "require.hpp"

namespace {

using Finder = jocas::LiteralFinder;

std::string join_digits(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }, '0');
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto take_line = [&rest] {
    const std::string line(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return line;
  };
  const std::string text = take_line();
  std::vector<Finder::Literal> literals;
  std::set<std::uint32_t> expected;
  while (!rest.empty()) {
    const std::string line = take_line();
    if (line.size() < Finder::kShortest) continue;
    const std::size_t n_windows = line.size() - Finder::window_size(line.size()) + 1;
    const auto number = static_cast<std::uint32_t>(literals.size() / 2);  // some share one
    literals.push_back({line, size % n_windows, number});
    if (join_digits(text).find(join_digits(line)) != std::string::npos) expected.insert(number);
  }
  const Finder finder(literals);
  std::set<std::uint32_t> found;
  Finder::Scratch scratch;
  finder.find(text, scratch, [&](std::uint32_t number) { found.insert(number); });
  jocas::require(found == expected);
  return 0;
}
