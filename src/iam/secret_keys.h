#pragma once
// What seals IAM's secrets: the secret access keys in the account log, and session tokens. Both
// keys come from the account's key file, which every region of the account has. Immutable; any
// thread.

#include <optional>
#include <string>
#include <string_view>

#include "crypto/aead.h"
#include "model/names.h"

namespace meridian::iam {

class SecretKeys {
  public:
    // `account_key`: 32 random bytes (bin/key_file.h).
    explicit SecretKeys(std::string_view account_key);

    [[nodiscard]] std::string seal_secret(model::AccessKeyId const& id, std::string_view secret,
                                          Random& random) const;
    [[nodiscard]] Result<std::string> open_secret(model::AccessKeyId const& id,
                                                  std::string_view sealed) const;
    [[nodiscard]] std::string seal_session(std::string_view claims, Random& random) const;
    [[nodiscard]] Result<std::string> open_session(std::string_view sealed) const;

  private:
    crypto::AeadKey secrets_;
    crypto::AeadKey sessions_;
};

// An access key id as AWS makes them: `prefix` ("AKIA", "ASIA"), and the account among random bits.
[[nodiscard]] model::AccessKeyId make_access_key_id(std::string_view prefix,
                                                    model::AccountId const& account,
                                                    Random& random);
// Nothing for what is no access key id of that kind.
[[nodiscard]] std::optional<model::AccountId> account_in(model::AccessKeyId const& id);

}  // namespace meridian::iam
