module "iot" {
  source = "../../modules/iot"

  name_prefix                = var.name_prefix
  lambda_package_path        = var.lambda_package_path
  max_humidity               = var.max_humidity
  buffering_size_mb          = var.buffering_size_mb
  buffering_interval_seconds = var.buffering_interval_seconds
}
