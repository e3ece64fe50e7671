// A group as the bytes of a file: each group is a file of its own, so a push writes what it changes and nothing else.
//
//   "WBpush\n", byte 1 (the version), u32 CRC-32C of all that follows
//   labels of the key; varint zigzag of pushed_at and of failed_at in ms; varint count of families
//   a family: text name, byte type, text help, varint zigzag of pushed_at; varint count of metrics
//   a metric: labels, f64 value, f64 sum, f64 count; varint count of points, each two f64; text of the native histogram
// Labels are a varint count and two texts each; a text is a varint length and its bytes. Low bytes come first.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "metrics/push/group.h"

namespace watchbill::metrics::push {

// The name of the file of a group with this key: hex digits of a digest, and ".group".
[[nodiscard]] std::string file_name_of(const PushLabels& key);
inline constexpr std::string_view group_file_suffix = ".group";

// The bytes above; of equal groups they are equal.
[[nodiscard]] std::string encode_group(const Group& group);

// Fails (corrupt) on bytes that encode_group() did not write; `on` of the error is empty.
[[nodiscard]] Result<Group> decode_group(std::string_view bytes);

}  // namespace watchbill::metrics::push
