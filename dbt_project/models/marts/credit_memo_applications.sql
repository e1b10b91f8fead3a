{{ judged_applications('kept') }}
