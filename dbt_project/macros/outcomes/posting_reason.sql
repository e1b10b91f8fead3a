{#-
    The reason of a record's outcome, once the journal is taken into account (rule O3). The only place that orders
    posted, differs, verdict and refused; models join reference_outcome_reasons to get the state of the reason.

    A posted record stays posted, or is blocked by what happened to it since: a failed refund (R2), a difference in
    NetSuite. A record that is not posted shares its verdict. A ready one is blocked by a difference or a refusal of
    this run; an answer from before this build belongs to an earlier run, so the record is tried again (P4).

    All arguments are SQL expressions.
    is_posted           true when the record is in NetSuite
    posted_reason       created or adopted
    is_different        true when NetSuite shows something else (of an unposted record: since this build)
    is_rejected         true when NetSuite refused the record since this build
    verdict             reason that the rules give; `ready` when nothing holds the record back
    has_failed_refund   true when a refund of the record failed
    otherwise           reason of a record that the journal does not block; none = the verdict
-#}
{% macro posting_reason(
    is_posted, posted_reason, is_different, is_rejected, verdict, has_failed_refund='false', otherwise=none
) -%}
    case
        when {{ is_posted }} and {{ has_failed_refund }} then 'refund_failed'
        when {{ is_posted }} and {{ is_different }} then 'netsuite_differs'
        when {{ is_posted }} then {{ posted_reason }}
        when {{ verdict }} <> 'ready' then {{ verdict }}
        when {{ is_different }} then 'netsuite_differs'
        when {{ is_rejected }} then 'netsuite_rejected'
        else {{ otherwise or verdict }}
    end
{%- endmacro %}
