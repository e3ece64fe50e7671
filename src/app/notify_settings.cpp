#include "app/notify_settings.h"

#include <memory>
#include <utility>

#include "config/paths.h"
#include "drivers/net/url.h"
#include "drivers/scrape/call_settings.h"
#include "receivers/templates.h"

namespace watchbill::app {
namespace {

// What config/ calls the secrets of `http_config`.
constexpr const char* client_secret = "http_config.secret";
constexpr const char* proxy_user = "http_config.proxy";  // "USER:PASSWORD", as a URL writes it
constexpr std::string_view proxy_scheme = "http://";

// A URL may hold a user, which goes into a header; one that cannot be read stays as it is, and its calls say so. That, or a
// header of the kind's own (a signature), comes before what `http_config` says, as in Go.
Status settle(const receivers::Channel& channel, ports::HttpCall& call) {
  auto apart = drivers::net::split_user(call.url);
  if (apart && !apart->authorization.empty()) {
    call.url = std::move(apart->url);
    call.headers.push_back({"Authorization", std::move(apart->authorization)});
  }
  HttpClientConfiguration client = channel.configuration.client;
  if (ports::find_field(call.headers, "Authorization") != nullptr) client.authorization.clear();
  const auto given = channel.secrets.find(client_secret);
  const std::string* secret = given == channel.secrets.end() ? nullptr : &given->second;
  if (Status settled = drivers::scrape::settle_call_with(secret, client, call); !settled) return settled;
  if (const auto user = channel.secrets.find(proxy_user); user != channel.secrets.end())
    call.proxy.insert(proxy_scheme.size(), user->second + "@");
  return {};
}

}  // namespace

Result<drivers::notify::NotifySettings> notify_settings(const Configuration& configuration,
                                                        const std::vector<config::TemplateText>& templates) {
  drivers::notify::NotifySettings settings;
  if (!configuration.routing) return settings;
  std::vector<text_template::Source> sources;
  for (const config::TemplateText& each : templates) sources.push_back({config::file_name_of(each.path), each.text});
  auto library = receivers::parse_library(sources);
  if (!library) return library.error();
  for (const auto& [name, receiver] : configuration.routing->receivers) {
    std::size_t number = 0;
    for (std::size_t i = 0; i < receiver.integrations.size(); ++i, ++number) {
      const IntegrationConfiguration& integration = receiver.integrations[i];
      if (i > 0 && receiver.integrations[i - 1].kind != integration.kind) number = 0;
      auto channel = std::make_shared<const receivers::Channel>(
          receivers::Channel{integration, integration.secrets, *library, configuration.external_url});
      settings.integrations.emplace(
          integration_name(name, integration.kind, number),
          drivers::notify::Integration{channel, [channel](ports::HttpCall& call) { return settle(*channel, call); }});
    }
  }
  return settings;
}

}  // namespace watchbill::app
