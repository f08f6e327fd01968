#include "vault/ssh_signature.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/encoding.h"
#include "crypto/sha256.h"
#include "crypto/sha512.h"

namespace meridian::vault {
namespace {

constexpr std::string_view kMagic = "SSHSIG";
constexpr std::string_view kNamespace = "git";
constexpr std::string_view kSha256 = "sha256";
constexpr std::string_view kSha512 = "sha512";
constexpr std::string_view kAlgorithm = "ssh-ed25519";
constexpr std::string_view kSshSignatureEnd = "-----END SSH SIGNATURE-----\n";
constexpr std::size_t kLineChars = 70;
constexpr std::uint32_t kSignatureVersion = 1;

void put_number(std::string& out, std::size_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

void put_string(std::string& out, std::string_view text) {
    put_number(out, text.size());
    out += text;
}

template <typename Bytes>
std::string_view chars_in(Bytes const& bytes) {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

std::string key_blob(crypto::Ed25519PublicKey const& key) {
    std::string blob;
    put_string(blob, kAlgorithm);
    put_string(blob, chars_in(key));
    return blob;
}

// What is really signed.
std::string signed_blob(std::string_view message, std::string_view hash) {
    std::string blob(kMagic);
    put_string(blob, kNamespace);
    put_string(blob, "");  // reserved
    put_string(blob, hash);
    if (hash == kSha512) {
        put_string(blob, chars_in(crypto::sha512(message)));
    } else {
        put_string(blob, chars_in(crypto::sha256(message)));
    }
    return blob;
}

std::string signature_blob(crypto::Ed25519PublicKey const& key,
                           crypto::Ed25519Signature const& signature, std::string_view hash) {
    std::string inner;
    put_string(inner, kAlgorithm);
    put_string(inner, chars_in(signature));
    std::string blob(kMagic);
    put_number(blob, kSignatureVersion);
    put_string(blob, key_blob(key));
    put_string(blob, kNamespace);
    put_string(blob, "");
    put_string(blob, hash);
    put_string(blob, inner);
    return blob;
}

std::unexpected<Error> no_signature() {
    return fail(Errc::kCorrupt, "this is no Ed25519 signature in OpenSSH's form");
}

}  // namespace

std::string ssh_sign(crypto::Ed25519Seed const& seed, std::string_view message) {
    auto const text = to_base64(
        signature_blob(crypto::ed25519_public_key(seed),
                       crypto::ed25519_sign(seed, signed_blob(message, kSha256)), kSha256));
    std::string out(kSshSignatureBegin);
    for (std::size_t at = 0; at < text.size(); at += kLineChars) {
        out += text.substr(at, kLineChars);
        out += '\n';
    }
    return out.append(kSshSignatureEnd);
}

Result<crypto::Ed25519PublicKey> ssh_verify(std::string_view message, std::string_view armoured) {
    if (!armoured.starts_with(kSshSignatureBegin) || !armoured.ends_with(kSshSignatureEnd))
        return no_signature();
    armoured.remove_prefix(kSshSignatureBegin.size());
    if (armoured.size() < kSshSignatureEnd.size()) return no_signature();
    armoured.remove_suffix(kSshSignatureEnd.size());
    std::string text(armoured);
    std::erase(text, '\n');
    auto const blob = from_base64(text);
    crypto::Ed25519PublicKey key{};
    crypto::Ed25519Signature signature{};
    auto const empty = signature_blob(key, signature, kSha256);
    if (!blob || blob->size() != empty.size()) return no_signature();
    // Every field has one length only: the key and the signature stand where they do in any other.
    auto const key_at = empty.find(kAlgorithm) + kAlgorithm.size() + 4;
    std::copy_n(blob->begin() + static_cast<std::ptrdiff_t>(key_at), key.size(), key.begin());
    std::copy_n(blob->end() - static_cast<std::ptrdiff_t>(signature.size()), signature.size(),
                signature.begin());
    auto const hash = signature_blob(key, signature, kSha512) == *blob ? kSha512 : kSha256;
    if (signature_blob(key, signature, hash) != *blob) return no_signature();
    if (!crypto::ed25519_verify(key, signed_blob(message, hash), signature))
        return fail(Errc::kCorrupt, "the signature is not one of this text");
    return key;
}

std::string format_ssh_key(crypto::Ed25519PublicKey const& key) {
    return fmt::format("{} {}", kAlgorithm, to_base64(key_blob(key)));
}

std::string ssh_fingerprint(crypto::Ed25519PublicKey const& key) {
    auto digest = crypto::sha256_base64(key_blob(key));
    while (digest.ends_with('=')) digest.pop_back();
    return "SHA256:" + digest;
}

}  // namespace meridian::vault
