module "submit" {
  source = "../../modules/submit"

  name_prefix                = var.name_prefix
  endpoint_url               = var.endpoint_url
  lambda_package_path        = var.lambda_package_path
  buffering_size_mb          = var.buffering_size_mb
  buffering_interval_seconds = var.buffering_interval_seconds
}
