#include "bin/root_credentials.h"

#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "bin/key_file.h"
#include "cli/aws_profile.h"

namespace meridian::bin {

Result<RootCredentials> RootCredentials::load_or_create(std::filesystem::path const& file,
                                                        model::AccountId account, Random& random) {
    std::string id;
    std::string secret;
    if (std::ifstream in(file, std::ios::binary); in) {
        std::string const text{std::istreambuf_iterator<char>(in), {}};
        auto section = cli::read_profile(text, "default");
        id = section["aws_access_key_id"];
        secret = section["aws_secret_access_key"];
        if (id.empty() || secret.empty()) {
            return fail(Errc::kCorrupt,
                        fmt::format("{} has no access key; remove it to have a new one made",
                                    file.string()));
        }
    } else {
        id = "AKIA" + make_token(random, kUpperAlphanumeric, 16);
        secret = make_token(random, kBase64Alphabet, 40);
        MERIDIAN_CHECK(write_file_durably(
            file, fmt::format("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n", id,
                              secret)));
    }
    RootCredentials credentials;
    credentials.id_ = model::AccessKeyId{id};
    credentials.credential_.secret_access_key = secret;
    credentials.credential_.account = account;
    credentials.credential_.arn = fmt::format("arn:aws:iam::{}:root", account);
    credentials.credential_.user_id = account.value();
    return credentials;
}

auth::Credential const* RootCredentials::find(model::AccessKeyId const& id) const {
    return id == id_ ? &credential_ : nullptr;
}

auth::Caller RootCredentials::caller() const {
    return {.account = credential_.account,
            .arn = credential_.arn,
            .user_id = credential_.user_id,
            .access_key_id = id_,
            .region = {},
            .service = {}};
}

}  // namespace meridian::bin
