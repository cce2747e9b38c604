# What the API itself refuses (no key, too many requests, an unknown path) carries the CORS header as well: without it
# a browser hides status and message from the page. No templates here, so only the first allowed origin can be named.

resource "aws_api_gateway_gateway_response" "refused" {
  for_each = toset(["DEFAULT_4XX", "DEFAULT_5XX"])

  rest_api_id         = aws_api_gateway_rest_api.this.id
  response_type       = each.key
  response_parameters = { "gatewayresponse.header.Access-Control-Allow-Origin" = local.cors_origin_header }

  # AWS's own default: left out, it would be planned again for ever.
  response_templates = { "application/json" = "{\"message\":$context.error.messageString}" }
}
