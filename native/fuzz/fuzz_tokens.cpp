// The words of any bytes, beside those found one code point at a time.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "require.hpp"
#include "tables.hpp"
#include "tokens.hpp"

namespace {

// False where the text is not UTF-8, or holds a capital sigma.
bool cut_plainly(std::string_view text, const jocas::FoldTable& fold,
                 std::vector<std::string>& words) {
  std::string folded;
  for (std::size_t i = 0; i < text.size();) {
    const jocas::CodePoint point = jocas::decode(text, i);
    if (point.size == 0 || point.value == 0x3A3) return false;
    folded += fold[point.value];
    i += point.size;
  }
  folded += ' ';
  std::string word;
  std::size_t n_characters = 0;
  for (const char c : folded) {
    if (c != ' ') {
      word += c;
      n_characters += !jocas::is_continuation(c);
      continue;
    }
    if (n_characters >= 2) words.push_back(word);
    word.clear();
    n_characters = 0;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<jocas::FoldTable> fold = jocas::make_fold_table(" ");
  static const jocas::Tokeniser tokeniser(*fold);
  static jocas::Tokeniser::Scratch scratch;  // with what other texts left there
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> expected, found;
  const bool is_sure = cut_plainly(text, *fold, expected);
  jocas::require(tokeniser.cut(text, scratch) == is_sure);
  if (!is_sure) return 0;
  for (const jocas::Token& token : scratch.tokens) found.emplace_back(scratch.word_at(token));
  jocas::require(found == expected);
  return 0;
}
