output "api_gateway_url" {
  description = "URL of the API's stage."
  value       = module.event_ingestion.api_gateway_url
}

output "event_urls" {
  description = "Event type -> URL to POST one event to."
  value       = module.event_ingestion.event_urls
}

output "batch_urls" {
  description = "Event type -> URL to POST several events to."
  value       = module.event_ingestion.batch_urls
}

output "api_id" {
  description = "Id of the REST API."
  value       = module.event_ingestion.api_id
}

output "stage_name" {
  description = "Stage of the REST API."
  value       = module.event_ingestion.stage_name
}

output "access_log_group_name" {
  description = "Log group with one line per request; null if access logging is off."
  value       = module.event_ingestion.access_log_group_name
}

output "api_key_id" {
  description = "Id of the API key; null if none is required."
  value       = module.event_ingestion.api_key_id
}

output "flows" {
  description = "Event type -> its stream, key, processor, event source mapping, dead-letter queue, alarms and log group."
  value       = module.event_ingestion.flows
}
