output "urls" {
  description = "Every URL to POST to."
  value = merge(
    {
      submit    = module.submit.submit_url
      log_relay = module.log_relay.api_invoke_url
    },
    { for type, url in module.event_ingestion.event_urls : "events/${type}" => url },
    { for type, url in module.event_ingestion.batch_urls : "events/batch/${type}" => url },
  )
}

output "submit" {
  description = "Outputs of the stack submit."
  value       = module.submit
}

output "iot" {
  description = "Outputs of the stack iot."
  value       = module.iot
}

output "log_relay" {
  description = "Outputs of the stack log-relay."
  value       = module.log_relay
}

output "event_ingestion" {
  description = "Outputs of the stack event-ingestion."
  value       = module.event_ingestion
}
