#include "store/code_store.h"

#include "base/assert.h"
#include "crypto/sha256.h"

namespace meridian::store {

model::CodeSha256 merged_name(std::vector<model::CodeSha256> const& packages) {
    MERIDIAN_ASSERT(!packages.empty());
    if (packages.size() == 1) return packages.front();
    std::string text = "merged 1\n";
    for (auto const& package : packages) text += package.value() + "\n";
    return model::CodeSha256(crypto::sha256_base64(text));
}

}  // namespace meridian::store
