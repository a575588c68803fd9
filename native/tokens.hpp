// The words of a text, without capitals and accents, as scikit-learn's TfidfVectorizer cuts them.
//
// Invariant: words are found where the text is folded, which is word characters and spaces alone,
// with spaces behind its end.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "unicode.hpp"

namespace jocas {

// Where a word lies in the folded text, in bytes.
struct Token {
  std::uint32_t start, size;
};

class Tokeniser {
 public:
  // What one thread needs to work.
  struct Scratch {
    std::string folded;
    std::vector<std::uint32_t> edges;
    std::vector<Token> tokens;

    // A word with at least kPadding bytes behind it.
    std::string_view word_at(const Token& token) const {
      return {folded.data() + token.start, token.size};
    }
  };

  // `fold` replaces each code point by word characters, and by a space what parts words.
  explicit Tokeniser(const FoldTable& fold);

  // Find the words, of two code points or more. False where Python must: ill-formed text, or a
  // capital sigma (the one letter whose lower case depends on its neighbours).
  bool cut(std::string_view text, Scratch& scratch) const;

 private:
  bool fold(std::string_view text, Scratch& scratch, std::size_t& size) const;

  const FoldTable& fold_;
  // What the code points below 0x200 fold to where that is one ASCII character, a space for what
  // parts words; 0 for all others. In French these are nearly all there are.
  static constexpr char32_t kNear = 0x200;
  std::array<char, kNear> near_{};
};

}  // namespace jocas
