#include <sluice/commands/probe.hpp>

#include <boost/test/unit_test.hpp>

using namespace sluice::commands;

namespace {

std::string xml(const std::string& code, const std::string& message, const std::string& more = "") {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + code + "</Code><Message>" + message +
           "</Message>" + more + "</Error>";
}

} // namespace

BOOST_AUTO_TEST_SUITE(probe)

BOOST_AUTO_TEST_CASE(what_may_read) {
    const auto is = [](read_access wanted, unsigned status, const std::string& body, bool anonymous = false) {
        const auto got = classify_probe(status, body, anonymous);
        BOOST_TEST((got.access == wanted), got.text);
        BOOST_TEST(got.text.starts_with(std::to_string(status)));
        return got.text;
    };
    BOOST_TEST(is(read_access::granted, 404, xml("NoSuchKey", "The specified key does not exist.")) == "404 NoSuchKey");
    is(read_access::granted, 404, "\xEF\xBB\xBF" + xml("BlobNotFound", "The specified blob does not exist."));
    is(read_access::granted, 404, "");
    is(read_access::granted, 404, "<html>");
    is(read_access::refused, 206, "x");
    is(read_access::granted, 403,
       xml("AccessDenied", "User: arn:aws:iam::1:user/a is not authorized to perform: s3:ListBucket "
                           "on resource: \"arn:aws:s3:::media\""));
    is(read_access::granted, 403,
       xml("AccessDenied", "Access denied.", "<Details>a@b does not have storage.objects.list access</Details>"));
    const auto denied = is(read_access::refused, 403, xml("AccessDenied", "not authorized to perform: s3:GetObject"));
    BOOST_TEST(denied == "403 AccessDenied: not authorized to perform: s3:GetObject");
    is(read_access::refused, 403, xml("AccessDenied", "Access Denied"));
    is(read_access::unclear, 403, xml("AccessDenied", "Access Denied"), true);
    is(read_access::refused, 403, xml("SignatureDoesNotMatch", "no"), true);
    is(read_access::refused, 404, xml("NoSuchBucket", "The specified bucket does not exist"));
    is(read_access::refused, 404, xml("ContainerNotFound", "The specified container does not exist."));
    is(read_access::refused, 301, xml("PermanentRedirect", "use another endpoint"));
    is(read_access::refused, 503, "");
    is(read_access::refused, 400, xml("AuthorizationHeaderMalformed", "the region 'a' is wrong; expecting 'b'"));
}

BOOST_AUTO_TEST_CASE(no_secret_is_told) {
    const std::string signature(44, 'a');
    const auto text =
        classify_probe(403,
                       xml("SignatureDoesNotMatch",
                           "It was " + signature + " for https://h/k?X-Amz-Signature=1\nsecond line",
                           "<StringToSign>planted</StringToSign><SignatureProvided>planted</SignatureProvided>"),
                       false)
            .text;
    BOOST_TEST(text == "403 SignatureDoesNotMatch: It was [...] for [...]");
    BOOST_TEST(without_secrets("a\r\nb\x1b[0m\tc") == "a b [0m c");
    BOOST_TEST(without_secrets("se=1&sig=abc") == "[...]");
    BOOST_TEST(without_secrets("") == "");
    BOOST_TEST(without_secrets(std::string(5000, ' ')) == "");
    std::string words;
    for (int i = 0; i < 500; ++i) {
        words += "word ";
    }
    BOOST_TEST(without_secrets(words).size() == 303U);
    // What an operator needs stays.
    const std::string arn = "arn:aws:sts::123456789012:assumed-role/media-reader/eks-sluice-1234";
    BOOST_TEST(without_secrets(arn) == arn);
}

BOOST_AUTO_TEST_SUITE_END()
