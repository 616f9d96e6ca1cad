// The uploads' content, and its hash.
#pragma once
#include <openssl/evp.h>

#include <cstring>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <string_view>

#include "common.hpp"

/// Incremental SHA-256. A copy continues from the same state.
class SHA256 {
public:
    SHA256() { EVP_DigestInit_ex(context, EVP_sha256(), nullptr); }
    SHA256(const SHA256 &other) { EVP_MD_CTX_copy_ex(context, other.context); }
    SHA256 &operator=(const SHA256 &other) {
        EVP_MD_CTX_copy_ex(context, other.context);
        return *this;
    }
    ~SHA256() { EVP_MD_CTX_free(context); }

    void update(std::string_view bytes) { EVP_DigestUpdate(context, bytes.data(), bytes.size()); }

    /// The digest of all bytes so far.
    std::string hex() const {
        SHA256 end(*this);
        unsigned char digest[32];
        EVP_DigestFinal_ex(end.context, digest, nullptr);
        std::string text;
        char digits[3];
        for (unsigned char byte : digest) {
            snprintf(digits, sizeof digits, "%02x", byte);
            text += digits;
        }
        return text;
    }

private:
    EVP_MD_CTX *context = EVP_MD_CTX_new();
};

/// The same bytes each time, then an ending that is never the same: a server that stores equal contents once has to store
/// each. The hash of the common part is taken once.
class Content {
public:
    static constexpr size_t endingSize = 24;

    explicit Content(std::string common) : commonBytes(std::move(common)) { hash.update(commonBytes); }

    const std::string &common() const { return commonBytes; }

    /// The hash of the numbered upload.
    std::string ending(long number) const {
        char text[endingSize + 1];
        snprintf(text, sizeof text, "%016llx%08lx", run, (unsigned long)number & 0xffffffff);
        return text;
    }

    std::string sha256(const std::string &ending) const {
        SHA256 whole(hash);
        whole.update(ending);
        return whole.hex();
    }

private:
    std::string commonBytes;
    SHA256 hash;
    unsigned long long run = (unsigned long long)std::random_device()() << 32 | std::random_device()();
};

/// Bytes that do not compress and are no picture's or archive's beginning; with a `Content`'s ending they are `size`.
inline std::string plainBytes(size_t size) {
    static constexpr std::string_view start("\1\2plain bytes\2\1");
    if (size < start.size() + Content::endingSize) fail("--upload-bytes %zu: too few", size);
    std::string bytes(size - Content::endingSize, 0);
    std::mt19937_64 random(1);
    for (size_t i = 0; i < bytes.size(); i += 8) {
        uint64_t word = random();
        memcpy(&bytes[i], &word, std::min<size_t>(8, bytes.size() - i));
    }
    bytes.replace(0, start.size(), start);
    return bytes;
}

inline std::string readFile(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    if (!file || bytes.str().empty()) fail("%s: cannot be read, or empty", path.c_str());
    return bytes.str();
}
