#include "wire/uri.h"

#include <array>
#include <cstdint>

#include "wire/utf8.h"

namespace meridian::wire {
namespace {

constexpr auto kUnreserved = [] {
    std::array<bool, 256> table{};
    for (int c = '0'; c <= '9'; ++c) table[c] = true;
    for (int c = 'A'; c <= 'Z'; ++c) table[c] = true;
    for (int c = 'a'; c <= 'z'; ++c) table[c] = true;
    for (char c : {'-', '.', '_', '~'}) table[static_cast<unsigned char>(c)] = true;
    return table;
}();

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

void append_percent_encoded(std::string& out, std::string_view bytes, Slash slash) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    for (char const c : bytes) {
        auto const byte = static_cast<unsigned char>(c);
        if (kUnreserved[byte] || (c == '/' && slash == Slash::kKeep)) {
            out.push_back(c);
        } else {
            out.push_back('%');
            out.push_back(kDigits[byte >> 4]);
            out.push_back(kDigits[byte & 15]);
        }
    }
}

std::string percent_encoded(std::string_view bytes, Slash slash) {
    std::string out;
    out.reserve(bytes.size());
    append_percent_encoded(out, bytes, slash);
    return out;
}

std::string percent_decoded(std::string_view text, Plus plus) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            int const high = hex_digit(text[i + 1]);
            int const low = hex_digit(text[i + 2]);
            if (high >= 0 && low >= 0) {
                out.push_back(static_cast<char>(high << 4 | low));
                i += 2;
                continue;
            }
        }
        out.push_back(text[i] == '+' && plus == Plus::kIsSpace ? ' ' : text[i]);
    }
    return out;
}

std::string percent_decoded_text(std::string_view text, Plus plus) {
    auto decoded = percent_decoded(text, plus);
    return is_utf8(decoded) ? decoded : to_valid_utf8(decoded);
}

std::vector<EncodedPair> split_query(std::string_view query) {
    std::vector<EncodedPair> pairs;
    while (!query.empty()) {
        auto const end = query.find('&');
        auto const piece = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
        if (piece.empty()) continue;
        auto const equals = piece.find('=');
        if (equals == std::string_view::npos) {
            pairs.emplace_back(piece, std::string_view{});
        } else {
            pairs.emplace_back(piece.substr(0, equals), piece.substr(equals + 1));
        }
    }
    return pairs;
}

}  // namespace meridian::wire
