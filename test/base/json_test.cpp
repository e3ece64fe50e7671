#include "base/json.h"

#include <gtest/gtest.h>

namespace watchbill {
namespace {

std::string written(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(json_writer, escapes_the_shortest_way) {
  EXPECT_EQ(written("a\"b\\c\n\t\x01\x1f/"), R"("a\"b\\c\n\t\u0001\u001f/")");
  EXPECT_EQ(written("grüße €"), "\"grüße €\"");
}

TEST(json_writer, replaces_bytes_that_are_not_utf8) {
  EXPECT_EQ(written("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(written("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");          // overlong
  EXPECT_EQ(written("\xED\xA0\x80").size(), 2 + 9);                        // a surrogate: three wrong bytes
}

// What RFC 8785 asks for, byte by byte: strings are scanned eight bytes at a time, so each byte stands at each place of eight.
TEST(json_writer, sees_every_byte_at_every_place) {
  for (int byte = 0; byte < 256; ++byte)
    for (std::size_t place = 0; place < 18; ++place) {
      std::string text(18, 'x');
      text[place] = static_cast<char>(byte);
      std::string escape(1, static_cast<char>(byte));
      if (byte == '"' || byte == '\\') escape.insert(0, 1, '\\');
      if (byte < 0x20) {
        const std::size_t letter = std::string_view("\b\t\n\f\r").find(static_cast<char>(byte));
        const char* const digits = "0123456789abcdef";
        escape = letter != std::string_view::npos ? std::string{'\\', "btnfr"[letter]}
                                                  : std::string("\\u00") + digits[byte >> 4] + digits[byte & 15];
      }
      if (byte >= 0x80) escape = "\xEF\xBF\xBD";  // alone it is no UTF-8
      const std::string wanted = "\"" + text.substr(0, place) + escape + text.substr(place + 1) + "\"";
      EXPECT_EQ(written(text), wanted);
      EXPECT_EQ(find_invalid_utf8(text), byte < 0x80 ? std::string_view::npos : place);
      std::string read;
      CanonicalReader reader(wanted);
      ASSERT_TRUE(reader.string(read)) << wanted;
      EXPECT_EQ(read, byte < 0x80 ? text : text.substr(0, place) + escape + text.substr(place + 1));
      EXPECT_TRUE(reader.finished());
      // The byte as it is: a quote ends the string, a control character and a lone backslash before x are malformed.
      const std::string plain = "\"" + text + "\"";
      CanonicalReader again(plain);
      EXPECT_EQ(again.string(read), byte >= 0x20 && byte != '\\') << byte;
      if (byte == '"') {
        EXPECT_EQ(read, text.substr(0, place));
      }
    }
}

TEST(json_writer, puts_commas_where_they_belong) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object()
      .key("a")
      .integer(1)
      .key("b")
      .begin_array()
      .integer(-2)
      .string("x")
      .begin_object()
      .end_object()
      .end_array();
  writer.key("c").begin_array().end_array().end_object();
  EXPECT_EQ(out, R"({"a":1,"b":[-2,"x",{}],"c":[]})");
}

TEST(canonical_reader, reads_what_the_writer_wrote) {
  CanonicalReader reader(R"({"a":12,"b":["x","y\n"],"c":{"d":-1}})");
  ASSERT_TRUE(reader.begin_object());
  std::string_view key;
  std::int64_t integer = 0;
  ASSERT_TRUE(reader.next_key(key));
  EXPECT_EQ(key, "a");
  ASSERT_TRUE(reader.integer(integer));
  EXPECT_EQ(integer, 12);
  ASSERT_TRUE(reader.next_key(key));
  ASSERT_TRUE(reader.begin_array());
  std::vector<std::string> texts;
  while (reader.next_element()) ASSERT_TRUE(reader.string(texts.emplace_back()));
  EXPECT_EQ(texts, (std::vector<std::string>{"x", "y\n"}));
  ASSERT_TRUE(reader.next_key(key));
  std::string_view raw;
  ASSERT_TRUE(reader.raw(raw));
  EXPECT_EQ(raw, R"({"d":-1})");
  EXPECT_FALSE(reader.next_key(key));
  EXPECT_TRUE(reader.finished());
}

TEST(canonical_reader, refuses_what_is_not_canonical_or_cut) {
  for (const std::string_view text :
       {"{", "{\"a\"", "{\"a\":}", "{\"a\":1,}", "{\"a\":01}", "{\"a\":1.5}", "{\"a\":null}", "{\"a\":true}",
        "{\"a\":9007199254740992}", "{\"a\":\"\n\"}", "{\"a\":\"\\x\"}", "{\"a\":1]", "{ \"a\":1}"}) {
    CanonicalReader reader(text);
    std::string_view raw;
    const bool read = reader.raw(raw);
    // raw() alone takes some texts whose structure a typed reader would refuse; a typed walk must refuse all of them.
    CanonicalReader typed(text);
    std::string_view key;
    std::int64_t integer = 0;
    const bool walked =
        typed.begin_object() && typed.next_key(key) && typed.integer(integer) && !typed.next_key(key) && typed.finished();
    EXPECT_FALSE(walked) << text << " raw " << read;
  }
}

TEST(canonical_reader, bounds_nesting) {
  const std::string deep(100, '[');
  CanonicalReader reader(deep);
  std::string_view raw;
  EXPECT_FALSE(reader.raw(raw));
}

TEST(parse_json, keeps_positions_and_types) {
  const auto parsed = parse_json("{\n  \"a\": [1, 2.5, \"x\", true, null],\n  \"b\": {\"c\": -3}\n}");
  ASSERT_TRUE(parsed) << parsed.error().text();
  const JsonValue* c = parsed->find("b")->find("c");
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(*c->as_integer(), -3);
  EXPECT_EQ(c->line, 3U);
  EXPECT_EQ(c->column, 14U);
  std::string out;
  append_json(out, *parsed);
  EXPECT_EQ(out, R"({"a":[1,2.5,"x",true,null],"b":{"c":-3}})");
}

TEST(parse_json, minus_zero_is_written_as_zero) {
  std::string out;
  append_json(out, *parse_json("[-0e0,-0.0,-0]"));
  EXPECT_EQ(out, "[0,0,0]");
}

TEST(parse_json, refuses_with_place_and_expectation) {
  const auto text_of = [](std::string_view text) {
    const auto parsed = parse_json(text);
    return parsed ? std::string("parsed") : parsed.error().text();
  };
  EXPECT_EQ(text_of("{\"a\":1,\n \"a\":2}"), "read JSON at line 2, column 5: expected the key \"a\" once");
  EXPECT_EQ(text_of("[1] x"), "read JSON at line 1, column 5: expected the end of the text");
  EXPECT_EQ(text_of("01"), "read JSON at line 1, column 1: expected a number without leading zeros");
  EXPECT_EQ(text_of("\"\\ud800\""), "read JSON at line 1, column 2: expected an escape that JSON knows, surrogates in pairs");
  EXPECT_EQ(text_of("\"\xff\""), "read JSON at line 1, column 2: expected UTF-8");
  EXPECT_EQ(text_of(std::string(100, '[')), "read JSON at line 1, column 66: expected nesting of at most 64");
  EXPECT_EQ(text_of(""), "read JSON at line 1, column 1: expected a value");
}

}  // namespace
}  // namespace watchbill
