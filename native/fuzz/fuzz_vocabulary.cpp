// Words and runs of words are found if, and only if, they were given. Lines: a text, then runs.
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "require.hpp"
#include "texts.hpp"
#include "vocabulary.hpp"

namespace {

std::vector<std::string> split(const std::string& text, char mark) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(mark, start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLongest = 3;
  const std::vector<std::string> lines = split(std::string(data, data + size), '\n');
  std::map<std::string, std::int32_t> columns;
  jocas::TextBuilder runs;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (!columns.emplace(lines[i], static_cast<std::int32_t>(columns.size())).second) continue;
    runs.bytes += lines[i];
    runs.end_row();
  }
  const jocas::Vocabulary vocabulary(jocas::TextColumn(nullptr, runs.offsets.data(), runs.bytes.data(),
                                                       nullptr, 0,
                                                       static_cast<std::int64_t>(columns.size())));
  const std::vector<std::string> words = split(lines[0], ' ');
  std::vector<std::int32_t> expected;
  jocas::Vocabulary::Scratch scratch;
  for (const std::string& word : words) scratch.queries.push_back(jocas::WordTable::ask(word));
  vocabulary.find_runs(1, kLongest, scratch);
  std::vector<std::int32_t>& found = scratch.columns;
  for (std::size_t start = 0; start < words.size(); ++start) {
    std::string run = words[start];
    for (std::size_t n = 1; n <= kLongest; ++n) {
      if (const auto place = columns.find(run); place != columns.end()) expected.push_back(place->second);
      if (start + n >= words.size()) break;
      run += ' ' + words[start + n];
    }
  }
  std::sort(found.begin(), found.end());
  std::sort(expected.begin(), expected.end());
  jocas::require(found == expected);
  return 0;
}
