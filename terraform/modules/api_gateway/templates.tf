# What goes to Kinesis and what comes back, as Velocity templates.

locals {
  single_template = <<-EOT
    {
      "StreamName": "@stream@",
      "Data": "$util.base64Encode($input.body)",
      "PartitionKey": "$context.requestId"
    }
  EOT

  # Without data a record stays without the member, and Kinesis refuses the request; without a partition key it
  # goes to whichever shard its request falls on. escapeJavaScript writes ' as \', which JSON does not know;
  # hence the replacement, as AWS documents it.
  batch_template = <<-EOT
    #set($records = $input.path('$.records'))
    {
      "StreamName": "@stream@",
      "Records": [
    #foreach($record in $records)
        {
          #if($record.data)"Data": "$util.base64Encode($record.data)",#end

          "PartitionKey": "#if($record.partitionKey)$util.escapeJavaScript($record.partitionKey).replaceAll("\\'", "'")#else$context.requestId#end"
        }#if($foreach.hasNext),#end

    #end
      ]
    }
  EOT

  # Status of the API -> which statuses of Kinesis it stands for (null: all others), and its body.
  responses = {
    "200" = { pattern = null, template = "$input.json('$')" }
    "400" = { pattern = "4\\d{2}", template = "{\"message\":$input.json('$.message')}" }
    "500" = { pattern = "5\\d{2}", template = "{\"message\":\"The event stream is not available\"}" }
  }

  cors_headers = {
    "method.response.header.Access-Control-Allow-Headers" = "'Content-Type,X-Api-Key'"
    "method.response.header.Access-Control-Allow-Methods" = "'OPTIONS,POST'"
    "method.response.header.Access-Control-Allow-Origin"  = local.cors_origin_header
  }

  # A header holds one origin. The first is the rule; a request from another allowed one gets its own back.
  cors_origin_header = "'${var.cors_allowed_origins[0]}'"
  cors_override = join("", [
    for origin in slice(var.cors_allowed_origins, 1, length(var.cors_allowed_origins)) : <<-EOT
      #if($input.params('Origin') == '${origin}')#set($context.responseOverride.header.Access-Control-Allow-Origin = '${origin}')#end
    EOT
  ])

  access_log_format = jsonencode({
    requestId      = "$context.requestId"
    ip             = "$context.identity.sourceIp"
    requestTime    = "$context.requestTime"
    httpMethod     = "$context.httpMethod"
    resourcePath   = "$context.resourcePath"
    status         = "$context.status"
    protocol       = "$context.protocol"
    responseLength = "$context.responseLength"
  })
}
