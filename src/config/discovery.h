// Where targets come from: static_configs, file_sd_configs, http_sd_configs, dns_sd_configs, and the target groups that files and
// servers answer with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration_scrape.h"

namespace watchbill::config {

// The keys of these names. Complain as all readers of the bill do.
void read_target_groups(const Cursor& at, std::vector<StaticTargets>& out);
void read_file_discovery(const Cursor& at, std::vector<FileDiscoveryConfiguration>& out);
void read_dns_discovery(const Cursor& at, std::vector<DnsDiscoveryConfiguration>& out);
void read_http_discovery(const Cursor& at, std::vector<HttpDiscoveryConfiguration>& out);

// Reads what a discovery file or a discovery server says; `path` names it in errors. Fails (invalid), with the first place and
// what was expected there, on what is no list of groups.
enum class GroupSyntax : std::uint8_t { json, yaml };
[[nodiscard]] Result<std::vector<StaticTargets>> parse_target_groups(std::string text, const std::string& path,
                                                                     GroupSyntax syntax);

// The tables of static_configs, file_sd_configs, http_sd_configs and dns_sd_configs.
[[nodiscard]] std::vector<TableView> discovery_tables();

}  // namespace watchbill::config
