#pragma once
// A record's value as the text of its file: JSON, sorted keys, two spaces, so that a file changes
// only when the value does. Strings that are secret stand there as {"$sealed": "…"}, sealed for
// this very file and member; equal ones in two places do not look equal.
//
// Pure but for the key; any thread.

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "crypto/aead.h"
#include "store/record_seal.h"

namespace meridian::vault {

class RecordText {
  public:
    // `secrets`: which members are secret: each string in them is sealed. Without a key nothing can
    // be written, and what is sealed stays so.
    RecordText(std::optional<crypto::AeadKey> key, std::vector<store::SecretMembers> secrets)
        : key_(key), secrets_(std::move(secrets)) {}

    // `path` is the file's.
    [[nodiscard]] std::string format(store::Kind kind, std::string_view path,
                                     nlohmann::json value) const;

    struct Value {
        nlohmann::json value;
        std::vector<std::string> sealed = {};  // JSON pointers of what could not be opened
    };
    // kCorrupt, naming the path.
    [[nodiscard]] Result<Value> parse(std::string_view path, std::string_view text) const;

  private:
    std::optional<crypto::AeadKey> const key_;
    std::vector<store::SecretMembers> const secrets_;
};

}  // namespace meridian::vault
