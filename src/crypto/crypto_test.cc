#include <set>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/aead.h"
#include "crypto/ed25519.h"
#include "crypto/sealed_box.h"
#include "crypto/sha256.h"
#include "crypto/system_random.h"

namespace meridian::crypto {
namespace {

std::string hex(Sha256Digest const& digest) { return to_hex(as_bytes(digest)); }

// FIPS 180-4 examples (NIST "SHA256.pdf") and the CAVP message of one million "a".
TEST(Sha256, GivesNistsDigests) {
    struct {
        char const* name;
        std::string message;
        char const* digest;
    } const cases[] = {
        {"empty", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"one block", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"two blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"a million", std::string(1'000'000, 'a'),
         "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    for (auto const& c : cases) {
        EXPECT_EQ(sha256_hex(c.message), c.digest) << c.name;
        Sha256 pieces;
        for (std::size_t at = 0; at < c.message.size(); at += 7) {
            pieces.update(std::string_view(c.message).substr(at, 7));
        }
        EXPECT_EQ(hex(pieces.finish()), c.digest) << c.name << " in pieces";
    }
}

TEST(Sha256, StartsAnewAfterFinish) {
    Sha256 hash;
    hash.update("something else");
    (void)hash.finish();
    hash.update("abc");
    EXPECT_EQ(hex(hash.finish()),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, IsBase64InCodeSha256) {
    EXPECT_EQ(sha256_base64(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

// RFC 4231, test cases 1 to 4, 6 and 7.
TEST(Hmac, GivesTheRfcsValues) {
    struct {
        char const* name;
        std::string key, message;
        char const* value;
    } const cases[] = {
        {"1", std::string(20, '\x0b'), "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"2", "Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"3", std::string(20, '\xaa'), std::string(50, '\xdd'),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {"4", *from_hex("0102030405060708090a0b0c0d0e0f10111213141516171819"),
         std::string(50, '\xcd'),
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {"6, key longer than a block", std::string(131, '\xaa'),
         "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {"7, key and data longer", std::string(131, '\xaa'),
         "This is a test using a larger than block-size key and a larger than block-size data. The "
         "key "
         "needs to be hashed before being used by the HMAC algorithm.",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    for (auto const& c : cases) {
        EXPECT_EQ(hex(hmac_sha256(c.key, c.message)), c.value) << c.name;
        HmacSha256Key const key(c.key);
        (void)key.sign("another message first");
        EXPECT_EQ(hex(key.sign(c.message)), c.value) << c.name << " with a kept key";
    }
}

TEST(ConstantTime, ComparesLikeEquality) {
    EXPECT_TRUE(equal_in_constant_time("", ""));
    EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
    EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
    EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

TEST(SystemRandom, DoesNotRepeatItself) {
    SystemRandom random;
    std::set<std::string> seen;
    for (int i = 0; i < 1'000; ++i) seen.insert(make_uuid(random));
    EXPECT_EQ(seen.size(), 1'000u);
    random.fill({});
}

constexpr AeadKey kKey = {1, 2, 3};

TEST(Aead, OpensWhatItSealed) {
    SeededRandom random(1);
    for (std::size_t const size : {0, 1, 15, 16, 17, 4'096, 100'000}) {
        std::string const plaintext(size, 'x');
        auto const sealed = seal(kKey, 7, plaintext, "arn", random);
        EXPECT_EQ(sealed.size(), size + kSealedOverheadBytes);
        EXPECT_EQ(sealed_key_id(sealed), 7u);
        EXPECT_EQ(open(kKey, sealed, "arn"), plaintext);
    }
}

TEST(Aead, NeverSealsTheSameWayTwice) {
    SystemRandom random;
    EXPECT_NE(seal(kKey, 1, "secret", "", random), seal(kKey, 1, "secret", "", random));
}

TEST(Aead, RefusesEveryChangedBitAndEveryCutEnd) {
    SeededRandom random(2);
    auto const sealed = seal(kKey, 0xDEADBEEF, "secret", "place", random);
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        auto changed = sealed;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
        auto const opened = open(kKey, changed, "place");
        ASSERT_FALSE(opened.has_value()) << "bit " << bit;
        EXPECT_EQ(opened.error().code, Errc::kCorrupt);
    }
    for (std::size_t size = 0; size < sealed.size(); ++size) {
        EXPECT_FALSE(open(kKey, std::string_view(sealed).substr(0, size), "place").has_value())
            << size;
    }
    EXPECT_FALSE(open(kKey, sealed, "another place").has_value());
    AeadKey other = kKey;
    other[31] = 1;
    EXPECT_FALSE(open(other, sealed, "place").has_value());
}

// A known answer for the whole frame, computed with another implementation (Python's
// `cryptography`).
class ZeroRandom final : public Random {
  public:
    void fill(std::span<std::byte> out) override {
        for (auto& byte : out) byte = std::byte{0};
    }
};

TEST(Aead, KeepsItsFormat) {
    ZeroRandom random;
    auto const sealed = seal(kKey, 1, "meridian", "arn", random);
    EXPECT_EQ(to_hex(sealed),
              "010000000100000000000000000000000053c4fa9a7dfb7c33497aed4030cd44064b12d4f06622839e");
}

template <std::size_t N>
std::array<std::uint8_t, N> bytes_of_hex(std::string_view text) {
    auto const bytes = from_hex(text).value();
    EXPECT_EQ(bytes.size(), N);
    std::array<std::uint8_t, N> out{};
    std::ranges::copy(bytes, out.begin());
    return out;
}

// RFC 8032, section 7.1, tests 1 to 3.
TEST(Ed25519, GivesTheRfcsSignatures) {
    struct {
        char const* seed;
        char const* public_key;
        char const* message;
        char const* signature;
    } const cases[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
         "cf9b46bd25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d"
         "0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7609"
         "84dc6594a7c15e9716ed28dc027beceea1ec40a"},
    };
    for (auto const& c : cases) {
        auto const seed = bytes_of_hex<32>(c.seed);
        auto const key = bytes_of_hex<32>(c.public_key);
        auto const message = from_hex(c.message).value();
        EXPECT_EQ(ed25519_public_key(seed), key);
        auto signature = ed25519_sign(seed, message);
        EXPECT_EQ(signature, bytes_of_hex<64>(c.signature));
        EXPECT_TRUE(ed25519_verify(key, message, signature));
        EXPECT_FALSE(ed25519_verify(key, message + "x", signature));
        signature[3] ^= 1;
        EXPECT_FALSE(ed25519_verify(key, message, signature));
    }
}

// RFC 7748, section 5.2: the function once, with the base point for both of its arguments.
TEST(SealedBox, NamesItsRecipientAsTheRfcDoes) {
    EXPECT_EQ(box_recipient(BoxSecret{9}),
              bytes_of_hex<32>("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"));
}

TEST(SealedBox, OpensForItsRecipientAlone) {
    SystemRandom random;
    BoxSecret mine{}, theirs{};
    random.fill(std::as_writable_bytes(std::span(mine)));
    random.fill(std::as_writable_bytes(std::span(theirs)));
    auto box = seal_box(box_recipient(mine), "the vault's key", "vault", random).value();
    EXPECT_EQ(open_box(mine, box, "vault").value(), "the vault's key");
    EXPECT_EQ(open_box(mine, box, "elsewhere").error().code, Errc::kCorrupt);
    EXPECT_EQ(open_box(theirs, box, "vault").error().code, Errc::kCorrupt);
    for (std::size_t at = 0; at < box.size(); ++at) {
        box[at] ^= 1;
        EXPECT_FALSE(open_box(mine, box, "vault")) << at;
        EXPECT_FALSE(open_box(mine, std::string_view(box).substr(0, at), "vault")) << at;
        box[at] ^= 1;
    }
    // A point of low order: anybody could open it.
    EXPECT_EQ(seal_box(BoxRecipient{}, "x", "", random).error().code, Errc::kInvalidParameterValue);
}

TEST(SealRepeatably, GivesTheSameBytesForTheSameValueInTheSamePlace) {
    AeadKey const key{1, 2, 3};
    auto const sealed = seal_repeatably(key, 7, "secret", "here");
    EXPECT_EQ(sealed, seal_repeatably(key, 7, "secret", "here"));
    EXPECT_EQ(open(key, sealed, "here").value(), "secret");
    EXPECT_EQ(sealed_key_id(sealed).value(), 7U);
    EXPECT_FALSE(open(key, sealed, "there"));
    std::set<std::string> nonces;
    for (auto const& [value, place] :
         {std::pair{"secret", "here"}, {"secret", "there"}, {"other", "here"}, {"other", "there"}})
        nonces.insert(seal_repeatably(key, 7, value, place).substr(5, 12));
    EXPECT_EQ(nonces.size(), 4U);
}

}  // namespace
}  // namespace meridian::crypto
