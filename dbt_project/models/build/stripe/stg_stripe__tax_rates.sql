-- Tax rates on lines of the customers in scope.
{{ concerning_scope(ref('parsed_stripe__tax_rates'), ref('int_line_names')) }}
