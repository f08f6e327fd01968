#include "bin/root_credentials.h"

#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "bin/key_file.h"
#include "cli/aws_profile.h"
#include "iam/secret_keys.h"
#include "io/durable_file.h"

namespace meridian::bin {

Result<RootCredentials> RootCredentials::load_or_create(
    std::filesystem::path const& file, std::vector<model::AccountId> const& accounts,
    Random& random) {
    std::string text;
    if (std::ifstream in(file, std::ios::binary); in)
        text.assign(std::istreambuf_iterator<char>(in), {});
    bool const existed = !text.empty();
    auto const before = text.size();
    RootCredentials credentials;
    for (auto const& account : accounts) {
        bool const first = credentials.keys_.empty();
        auto const profile = first ? std::string("default") : account.value();
        auto section = cli::read_profile(text, profile);
        auto id = section["aws_access_key_id"];
        auto secret = section["aws_secret_access_key"];
        if ((first && existed && id.empty()) || id.empty() != secret.empty()) {
            return fail(Errc::kCorrupt, fmt::format("{} has no access key under [{}]; remove it to "
                                                    "have a new one made",
                                                    file.string(), profile));
        }
        if (id.empty()) {
            id = iam::make_access_key_id("AKIA", account, random).value();
            secret = make_token(random, kBase64Alphabet, 40);
            text += fmt::format("{}[{}]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
                                text.empty() ? "" : "\n", profile, id, secret);
        }
        credentials.keys_.push_back({model::AccessKeyId{id},
                                     {.secret_access_key = secret,
                                      .account = account,
                                      .arn = fmt::format("arn:aws:iam::{}:root", account),
                                      .user_id = account.value()}});
    }
    if (text.size() != before) {
        MERIDIAN_CHECK(io::write_file_durably(file, text));
    }
    return credentials;
}

auth::Credential const* RootCredentials::find(model::AccessKeyId const& id,
                                              std::string_view) const {
    for (auto const& key : keys_) {
        if (key.id == id) return &key.credential;
    }
    return nullptr;
}

auth::Caller RootCredentials::caller() const {
    auto const& [id, credential] = keys_.front();
    return {.account = credential.account,
            .arn = credential.arn,
            .user_id = credential.user_id,
            .access_key_id = id,
            .region = {},
            .service = {}};
}

}  // namespace meridian::bin
